/** What loading the client of Redis leaves behind. */
import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import t from 'tap';
import '../shared/io/redis.js';

t.test('compiled code calls the methods of strings without looking them up', async t => {
  setFlagsFromString('--allow-natives-syntax');
  t.ok(runInThisContext('%HasFastProperties(String.prototype)'));
});
