/** Under faults: nearly a minute of `npm run chaos`, with faults that are others each time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const CHAOS = fileURLToPath(new URL('../scripts/chaos.js', import.meta.url));

t.setTimeout(0);

t.test('nothing that was acknowledged is lost and nothing happens twice, whatever dies', async t => {
  const child = spawn(process.execPath, ['--enable-source-maps', CHAOS, '--minutes', '0.8'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGTERM'));
  const lines: string[] = [];
  for (const output of [child.stdout, child.stderr])
    createInterface(output).on('line', line => lines.push(line));
  const [code] = await once(child, 'close');
  t.comment(lines.at(-1));
  t.match(lines.join('\n'), /^lost +0\ndoubled +0\ncontradictions +0$/m);
  t.equal(code, 0, lines.join('\n'));
});
