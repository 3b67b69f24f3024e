/**
 * `replay-child <batch size>`: executes the commands of a journal, which it reads from standard input, and prints the
 * digest of all that the exchange said. determinism.test.ts runs it in processes that differ in every way they can.
 */
import { buffer } from 'node:stream/consumers';
import { decodeCommands, decodeRequest, isCommand } from '../shared/domain/codec.js';
import type { Input } from './recorded.js';
import { digestOf, traceOf } from './trace.js';

const inputs = decodeCommands(await buffer(process.stdin)).map(({ time, deadline, entry }): Input => {
  const request = decodeRequest(entry);
  if ('malformed' in request) throw new Error(`${request.malformed}: ${entry}`);
  if (!isCommand(request.request)) throw new Error(`a query has no place in a journal: ${entry}`);
  return { command: request.request, timing: { time, deadline } };
});

console.log(JSON.stringify(digestOf(traceOf(inputs, Number(process.argv[2])))));
