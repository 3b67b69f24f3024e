/** Asks the engine: the requests' way into the list and their answers' way back. */
import type { Answer } from '../shared/domain/answers.js';
import type { Command, Query } from '../shared/domain/commands.js';
import type { Keys } from '../shared/io/keys.js';
import type { Logger } from '../shared/io/log.js';
import { ApiError } from './errors.js';

export interface EngineClientSettings {
  redisUrl: string;
  keys: Keys;
  /** The process's name; the answers' address is made of it. */
  instance: string;
  log: Logger;
  /** Milliseconds since the epoch. */
  clock?: () => number;
}

export class EngineClient {
  constructor(readonly settings: EngineClientSettings) {}

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  /** The engine's answer, once it is durable. Rejects with an `ApiError`: SERVER_BUSY or UNKNOWN_OUTCOME. */
  async ask(_request: Command | Query): Promise<Answer> {
    throw new ApiError('SERVER_BUSY', 'The engine cannot be reached; try again.');
  }
}
