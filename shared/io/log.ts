/**
 * The one kind of logger: a line of JSON on standard output for each message.
 *
 * Guarantees: a line is written before the call returns (pino's default destination is synchronous), so that the last
 * words of a dying process are in its log.
 */
import { type Logger, pino } from 'pino';
import type { LogLevel } from './config.js';

export type { Logger };

export function createLogger(name: string, level: LogLevel): Logger {
  return pino({ level, base: { name, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime });
}
