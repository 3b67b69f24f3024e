/** Faults of the kind that a simulation is for, each a patch of the product: what one must find to be worth its time. */

interface Patch {
  /** Relative to the project. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly from: string;
  readonly to: string;
}

export interface Planted {
  readonly name: string;
  readonly patches: readonly Patch[];
}

export const PLANTED: readonly Planted[] = [
  {
    name: 'LTRIM before XADD',
    patches: [
      {
        file: 'engine/scripts/commit.lua',
        from: "  local values = tonumber(ARGV[10])\n  if ARGV[7] ~= '' then",
        to: "  local values = tonumber(ARGV[10])\n  redis.call('LTRIM', KEYS[3], ARGV[3], -1)\n  if ARGV[7] ~= '' then",
      },
      {
        file: 'engine/scripts/commit.lua',
        from: "  end\n  redis.call('LTRIM', KEYS[3], ARGV[3], -1)\n  local",
        to: '  end\n  local',
      },
    ],
  },
  {
    name: 'no head check',
    patches: [{ file: 'engine/scripts/commit.lua', from: 'if head ~= ARGV[1] then', to: 'if false then' }],
  },
  {
    name: 'pipelined commits, fenced by the epoch alone',
    patches: [
      {
        file: 'engine/scripts/commit.lua',
        from: 'if head ~= ARGV[1] then',
        to: "if string.match(head or '', '^%d+') ~= string.match(ARGV[1], '^%d+') then",
      },
      {
        file: 'engine/leader.ts',
        from: 'await processing;',
        to: 'processing.catch(() => {});',
      },
    ],
  },
  {
    name: 'a connection that sends again',
    patches: [
      {
        file: 'shared/io/redis.ts',
        from: 'autoResendUnfulfilledCommands: false,\n    enableOfflineQueue: false,\n    maxRetriesPerRequest: 0,',
        to: 'maxRetriesPerRequest: null,',
      },
    ],
  },
  {
    name: 'trimmed up to the watermark, without a margin',
    patches: [
      {
        file: 'db-writer/writer.ts',
        from: 'const keptBytes = Math.min(KEPT_BYTES, journalLimitBytes * KEPT_PART);',
        to: 'const keptBytes = 0 * Math.min(KEPT_BYTES, journalLimitBytes * KEPT_PART);',
      },
    ],
  },
  {
    name: 'Postgres loaded in more than one transaction',
    patches: [
      {
        file: 'shared/io/snapshot.ts',
        from: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
        to: 'BEGIN READ ONLY',
      },
    ],
  },
  {
    name: 'an order that has changed stays where it was, too',
    patches: [
      {
        file: 'db-writer/write.ts',
        from: 'if (stored.length > 0) await takeOut(client, stored);',
        to: '',
      },
    ],
  },
  {
    name: 'a deadline that is not journaled',
    patches: [
      {
        file: 'engine/batch.ts',
        from: 'this.#commands.push({ time, deadline, entry });',
        to: 'this.#commands.push({ time, deadline: Number.MAX_SAFE_INTEGER, entry });',
      },
    ],
  },
  {
    name: 'a queue place that is not in the after-image',
    patches: [
      {
        file: 'shared/domain/codec.ts',
        from: 'codec.write(entity, imagesWriter);',
        to: "codec.write(kind === 'order' ? { ...(entity as object), queuePlace: 0 } : entity, imagesWriter);",
      },
    ],
  },
  {
    name: 'a new leader that reports only after its first moments',
    patches: [
      {
        file: 'engine/leader.ts',
        from: 'machine.startReporting();\n    if (machine.exchange.sequence === 0) await this.#found();',
        to: 'setTimeout(() => machine.startReporting(), machine.exchange.sequence === 0 ? 0 : 200);\n    if (machine.exchange.sequence === 0) await this.#found();',
      },
    ],
  },
  {
    name: 'a candle that closes by the clock alone',
    patches: [
      {
        file: 'api/ws/beat.ts',
        from: 'const end = await engine.heard().then(\n      () => second,\n      () => 0,\n    );',
        to: 'const end = second;',
      },
    ],
  },
  {
    name: 'a candle that closes twice for a slow reader',
    patches: [
      { file: 'api/ws/kline-stream.ts', from: 'missed < end;', to: 'missed <= end;' },
      { file: 'api/ws/kline-stream.ts', from: 'if (missed < this.#open)', to: 'if (missed <= this.#open)' },
    ],
  },
  {
    name: 'a slow reader that goes on where the stream is, not where it was',
    patches: [
      {
        file: 'api/ws/session.ts',
        from: 'stream.missedSince(position)',
        to: 'stream.missedSince(stream.position())',
      },
    ],
  },
  {
    name: 'missed trades that are passed over',
    patches: [
      {
        file: 'api/trade-tape.ts',
        from: 'else if (made.afterId > this.#lastId) void this.#bridge(made);',
        to: '',
      },
    ],
  },
  {
    name: 'an api that listens before it follows the markets',
    patches: [
      {
        file: 'scripts/sim/processes.ts',
        from: '!marketData.isLoaded',
        to: 'catalog.markets().length === 0',
      },
    ],
  },
  {
    name: 'a silent connection to Postgres that is never given up',
    patches: [
      {
        file: 'scripts/sim/postgres-client.ts',
        from: 'else this.#link.break();',
        to: '',
      },
    ],
  },
  {
    name: 'a commit that trims a list which Redis has lost',
    patches: [
      {
        file: 'engine/command-log.ts',
        from: 'this.#unsure === 0 ?',
        to: 'this.#unsure === 0 || taken > 0 ?',
      },
    ],
  },
  {
    name: 'only the first commit looks for what Redis has lost',
    patches: [{ file: 'engine/command-log.ts', from: 'Math.max(0, this.#unsure - taken)', to: '0 * taken' }],
  },
  {
    name: 'entries that are known are given again',
    patches: [
      {
        file: 'engine/scripts/commit.lua',
        from: "'LRANGE', KEYS[3], ARGV[4], ARGV[4] + ARGV[5] - 1)",
        to: "'LRANGE', KEYS[3], 0, ARGV[5] - 1)",
      },
    ],
  },
  {
    name: 'a wake-up that is believed whatever was committed since',
    patches: [{ file: 'engine/wake.ts', from: 'of === head && ', to: '' }],
  },
];
