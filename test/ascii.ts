/** Text as the bytes in which a journal or a message has it. */
import { RepliesWriter, type Reply } from '../shared/domain/publications.js';

export function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** The message with some answers to one API instance. */
export function messageOf(replies: readonly Reply[]): Buffer {
  const writer = new RepliesWriter();
  for (const reply of replies) writer.add('api', reply);
  return writer.take().get('api') ?? ascii('[]');
}

/** With the first of what is found replaced. */
export function replaced(bytes: Buffer, what: string | RegExp, by: string): Buffer {
  return ascii(bytes.toString('latin1').replace(what, by));
}
