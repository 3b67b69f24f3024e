/** The one way to refuse a command: an event, and the answer that says why. */
import type { Answer } from '../../shared/domain/answers.js';
import type { Reject } from '../../shared/domain/rejects.js';
import type { State } from './state.js';

export function refuse(state: State, reject: Reject): Answer {
  state.emit({ kind: 'REFUSED', body: { code: reject.code } });
  return { kind: 'REFUSED', reject };
}
