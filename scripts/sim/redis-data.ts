/**
 * What a Redis server holds, and the commands that we use, by the real server's rules (test/sim-redis.test.ts runs the
 * same against both). Values are bytes, kept as latin1 text.
 *
 * A command that fails changes nothing; a script keeps what it wrote before it failed.
 */
import { type Call, REPL_NONE, ReplyError, runScript, SET_REPL, shaOf, type Value } from './lua.js';

export interface StreamEntry {
  readonly id: string;
  readonly sequence: number;
  readonly fields: string[];
}

interface Stream {
  /** In nodes, as they are dropped by an approximate XTRIM. */
  nodes: StreamEntry[][];
  last: StreamEntry['sequence'];
}

/** A write as the append-only file has it: it does the same again, whenever. */
export type Write = readonly [name: string, ...args: string[]];

/** Those that go to the append-only file, and those that a script keeps out of it. */
export interface Writes {
  readonly logged: Write[];
  readonly unlogged: Write[];
}

type Kept = { text: string; expiresAt: number } | string[] | Map<string, string> | Stream;

const OK = { ok: 'OK' };
/** More than the second part of an id comes to. */
const SECOND_PARTS = 2 ** 20;
const NODE_ENTRIES = 100;
const NODE_BYTES = 4096;
const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";
/** Refused while the memory is full. */
const DENIED_WHEN_FULL = new Set(['SET', 'RPUSH', 'XADD', 'HSET']);

export interface Surroundings {
  /** The server's wall clock, milliseconds. */
  now(): number;
  /** Heard by subscribers at once. Gives how many there are. */
  publish(channel: string, message: string): number;
  /** Of settings. */
  config: ReadonlyMap<string, string>;
}

export class RedisData {
  /** Commands that need room are refused. */
  isFull = false;
  /** The next entry of a stream is refused, as if its id were an old one. */
  refusesEntry = false;
  readonly #kept = new Map<string, Kept>();
  readonly #scripts = new Map<string, string>();
  readonly #around: Surroundings;
  /** Of the command or script that is being executed. */
  #writes: Writes = { logged: [], unlogged: [] };
  #isLogged = true;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Does again what the append-only file says. */
  redo(writes: readonly Write[]): void {
    for (const [name, ...args] of writes) this.#run(name, args);
    this.takeWrites();
  }

  /** Throws a ReplyError. */
  execute(name: string, args: readonly string[]): Value {
    if (name === 'EVAL') return this.#eval(args[0]!, args.slice(1));
    if (name === 'EVALSHA') {
      const source = this.#scripts.get(args[0]!);
      if (source === undefined) throw new ReplyError('NOSCRIPT No matching script. Please use EVAL.');
      return this.#eval(source, args.slice(1));
    }
    return this.#call(name, args);
  }

  /** What the last command wrote, also one that failed. */
  takeWrites(): Writes {
    const writes = this.#writes;
    this.#writes = { logged: [], unlogged: [] };
    return writes;
  }

  /** Entries of a stream after an id. */
  entriesAfter(key: string, id: string, count: number): StreamEntry[] {
    const after = sequenceOf(id);
    const nodes = this.#stream(key)?.nodes ?? [];
    return nodes
      .filter(node => node.at(-1)!.sequence > after)
      .flatMap(node => node.filter(entry => entry.sequence > after))
      .slice(0, count);
  }

  #eval(source: string, [count, ...rest]: string[]): Value {
    this.#scripts.set(shaOf(source), source);
    const call: Call = (name, ...args) => {
      if (name !== SET_REPL) return this.#call(name.toUpperCase(), args);
      this.#isLogged = args[0] !== REPL_NONE;
      return null;
    };
    try {
      return runScript(source, rest.slice(0, Number(count)), rest.slice(Number(count)), call);
    } finally {
      this.#isLogged = true;
    }
  }

  #call(name: string, args: readonly string[]): Value {
    // The memory is looked at before the first write of a script.
    const { logged, unlogged } = this.#writes;
    if (this.isFull && logged.length + unlogged.length === 0 && DENIED_WHEN_FULL.has(name))
      throw new ReplyError(OUT_OF_MEMORY);
    return this.#run(name, args);
  }

  #wrote(...write: Write): void {
    this.#writes[this.#isLogged ? 'logged' : 'unlogged'].push(write);
  }

  #run(name: string, args: readonly string[]): Value {
    const command = COMMANDS[name];
    if (command === undefined) throw new ReplyError(`ERR unknown command '${name}'`);
    return command.call(this, args);
  }

  // Below, one method a command; `COMMANDS` names them.

  ping(): Value {
    return { ok: 'PONG' };
  }

  time(): Value {
    const now = this.#around.now();
    return [String(Math.floor(now / 1000)), String((now % 1000) * 1000)];
  }

  config(args: readonly string[]): Value {
    const value = this.#around.config.get(args[1]!);
    return value === undefined ? [] : [args[1]!, value];
  }

  publish([channel, message]: readonly string[]): Value {
    return this.#around.publish(channel!, message!);
  }

  get([key]: readonly string[]): Value {
    return this.#text(key!) ?? null;
  }

  set([key, text, ...options]: readonly string[]): Value {
    const names = options.map(option => option.toUpperCase());
    const after = (name: string) =>
      names.includes(name) ? Number(options[names.indexOf(name) + 1]) : undefined;
    if (names.includes('NX') && this.#find(key!) !== undefined) return null;
    const px = after('PX');
    const expiresAt =
      px === undefined ? (after('PXAT') ?? Number.POSITIVE_INFINITY) : this.#around.now() + px;
    this.#kept.set(key!, { text: text!, expiresAt });
    this.#wrote('SET', key!, text!, ...(Number.isFinite(expiresAt) ? ['PXAT', String(expiresAt)] : []));
    return OK;
  }

  del(keys: readonly string[]): Value {
    const there = keys.filter(key => this.#find(key) !== undefined);
    for (const key of there) this.#kept.delete(key);
    if (there.length > 0) this.#wrote('DEL', ...there);
    return there.length;
  }

  llen([key]: readonly string[]): Value {
    return this.#list(key!).length;
  }

  lrange([key, from, to]: readonly string[]): Value {
    const list = this.#list(key!);
    return list.slice(placeOf(from!, list), placeOf(to!, list) + 1);
  }

  ltrim([key, from, to]: readonly string[]): Value {
    const list = this.#list(key!);
    const kept = list.slice(placeOf(from!, list), placeOf(to!, list) + 1);
    if (kept.length === list.length) return OK;
    if (kept.length === 0) this.#kept.delete(key!);
    else this.#kept.set(key!, kept);
    this.#wrote('LTRIM', key!, from!, to!);
    return OK;
  }

  rpush([key, ...items]: readonly string[]): Value {
    const list = this.#list(key!);
    list.push(...items);
    this.#kept.set(key!, list);
    this.#wrote('RPUSH', key!, ...items);
    return list.length;
  }

  hget([key, field]: readonly string[]): Value {
    return this.#hash(key!).get(field!) ?? null;
  }

  hgetall([key]: readonly string[]): Value {
    return [...this.#hash(key!)].flat();
  }

  hset([key, ...pairs]: readonly string[]): Value {
    const hash = this.#hash(key!);
    const before = hash.size;
    for (let i = 0; i < pairs.length; i += 2) hash.set(pairs[i]!, pairs[i + 1]!);
    this.#kept.set(key!, hash);
    this.#wrote('HSET', key!, ...pairs);
    return hash.size - before;
  }

  hdel([key, ...fields]: readonly string[]): Value {
    const hash = this.#hash(key!);
    const gone = fields.filter(field => hash.delete(field));
    if (hash.size === 0) this.#kept.delete(key!);
    if (gone.length > 0) this.#wrote('HDEL', key!, ...gone);
    return gone.length;
  }

  /** With `MINID ~ <id>` before its id it trims as well, once the entry is in. */
  xadd([key, ...rest]: readonly string[]): Value {
    const trim = rest[0] === 'MINID' ? rest.slice(0, 3) : [];
    const [id, ...fields] = rest.slice(trim.length);
    const stream = this.#stream(key!) ?? { nodes: [], last: 0 };
    const sequence = sequenceOf(id!);
    if (sequence <= stream.last || this.refusesEntry) {
      this.refusesEntry = false;
      throw new ReplyError(
        'ERR The ID specified in XADD is equal or smaller than the target stream top item',
      );
    }
    const entry = { id: id!, sequence, fields };
    const node = stream.nodes.at(-1);
    if (node === undefined || isNodeFull(node)) stream.nodes.push([entry]);
    else node.push(entry);
    stream.last = sequence;
    this.#kept.set(key!, stream);
    this.#wrote('XADD', key!, id!, ...fields);
    if (trim.length > 0) this.xtrim([key!, ...trim]);
    return id!;
  }

  xrange([key, from, to, , count]: readonly string[]): Value {
    const least = from === '-' ? 0 : sequenceOf(from!);
    const most = to === '+' ? Number.POSITIVE_INFINITY : sequenceOf(to!);
    return this.#entries(key!)
      .filter(({ sequence }) => sequence >= least && sequence <= most)
      .slice(0, count === undefined ? undefined : Number(count))
      .map(entryValue);
  }

  xrevrange([key, to, from, , count]: readonly string[]): Value {
    const entries = this.xrange([key!, from!, to!]) as Value[];
    return entries.reverse().slice(0, count === undefined ? undefined : Number(count));
  }

  xtrim([key, , , id]: readonly string[]): Value {
    const stream = this.#stream(key!);
    if (stream === undefined) return 0;
    const least = sequenceOf(id!);
    const kept = stream.nodes.filter(node => node.at(-1)!.sequence >= least);
    const dropped = stream.nodes.length - kept.length;
    const count = stream.nodes.slice(0, dropped).reduce((sum, node) => sum + node.length, 0);
    if (count === 0) return 0;
    stream.nodes = kept;
    this.#wrote('XTRIM', key!, 'MINID', '~', id!);
    return count;
  }

  xinfo([, key]: readonly string[]): Value {
    const stream = this.#stream(key!);
    if (stream === undefined) throw new ReplyError('ERR no such key');
    const entries = stream.nodes.flat();
    return [
      ...['length', entries.length],
      ...['last-generated-id', idOf(stream.last)],
      ...['first-entry', entries.length === 0 ? null : entryValue(entries[0]!)],
      ...['last-entry', entries.length === 0 ? null : entryValue(entries.at(-1)!)],
    ];
  }

  #find(key: string): Kept | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined || !('expiresAt' in kept) || kept.expiresAt > this.#around.now()) return kept;
    this.#kept.delete(key);
    return undefined;
  }

  #text(key: string): string | undefined {
    const kept = this.#find(key);
    if (kept === undefined) return undefined;
    if ('text' in kept) return kept.text;
    throw new ReplyError(WRONG_TYPE);
  }

  #list(key: string): string[] {
    const kept = this.#find(key) ?? [];
    if (Array.isArray(kept)) return kept;
    throw new ReplyError(WRONG_TYPE);
  }

  #hash(key: string): Map<string, string> {
    const kept = this.#find(key) ?? new Map<string, string>();
    if (kept instanceof Map) return kept;
    throw new ReplyError(WRONG_TYPE);
  }

  #stream(key: string): Stream | undefined {
    const kept = this.#find(key);
    if (kept === undefined || 'nodes' in kept) return kept;
    throw new ReplyError(WRONG_TYPE);
  }

  #entries(key: string): StreamEntry[] {
    return this.#stream(key)?.nodes.flat() ?? [];
  }
}

const COMMANDS: { readonly [name: string]: (this: RedisData, args: readonly string[]) => Value } =
  Object.fromEntries(
    Object.entries(Object.getOwnPropertyDescriptors(RedisData.prototype))
      .filter(([name]) => !['constructor', 'redo', 'execute', 'takeWrites', 'entriesAfter'].includes(name))
      .map(([name, { value }]) => [name.toUpperCase(), value]),
  );

export function entryValue({ id, fields }: StreamEntry): Value {
  return [id, fields];
}

function isNodeFull(node: readonly StreamEntry[]): boolean {
  const bytes = node.reduce(
    (sum, { fields }) => sum + fields.reduce((all, field) => all + field.length, 0),
    0,
  );
  return node.length >= NODE_ENTRIES || bytes >= NODE_BYTES;
}

/** Both parts of an id as one number: neither is large in a simulation. */
function sequenceOf(id: string): number {
  const [first, second = '0'] = id.split('-');
  return Number(first) * SECOND_PARTS + Number(second);
}

function idOf(sequence: number): string {
  return `${Math.floor(sequence / SECOND_PARTS)}-${sequence % SECOND_PARTS}`;
}

/** From the end where it is below zero. */
function placeOf(place: string, list: readonly string[]): number {
  const number = Number(place);
  return number < 0 ? list.length + number : number;
}
