/** Loaded into an engine before anything else: an order whose name begins with `poison` breaks it, as a fault in the core would. */
import { Exchange } from '../engine/core/exchange.js';

const { execute } = Exchange.prototype;

Exchange.prototype.execute = function (command, timing) {
  if (command.kind === 'PLACE_ORDER' && command.body.clientOrderId.startsWith('poison')) {
    throw new Error('an invariant is broken');
  }
  return execute.call(this, command, timing);
};
