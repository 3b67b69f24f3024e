/** The own stream of an account where its reader is too slow, or the gateway was. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { REPORTED_COMMANDS } from '../shared/io/keys.js';
import { becomesEqual, DEPTH, flood, OWNER, range, type World, world } from './gateway-world.js';
import { eventually, type WsClient } from './ws-client.js';

/** Of the owner, as it stands in the stream of reports. */
function reportText(seq: number, asset = 'BTC'): string {
  return `${OWNER.userId} ${seq} ["balance",5,"${asset}","1","0","1","DEPOSIT"]`;
}

async function ownReader({ connect, tokens }: World): Promise<WsClient> {
  const client = await connect();
  await client.ask('AUTH', [tokens.issue(OWNER).token]);
  await client.ask('SUBSCRIBE', ['user']);
  return client;
}

function seqs(client: WsClient): number[] {
  return client.data('user').map(data => (data as unknown as { seq: number }).seq);
}

t.test('who reads his own stream too slowly misses nothing of it, or is closed', async t => {
  const here = await world(t);
  const { fake, reports } = here;
  const [slow, slowest, quick] = [await ownReader(here), await ownReader(here), await ownReader(here)];
  for (const client of [slow, slowest]) {
    await client.ask('SUBSCRIBE', [DEPTH]);
    client.pause();
  }
  const report = async (seq: number, sequence = seq) => {
    await fake.report(sequence, reportText(seq));
    await eventually(() => reports.held(OWNER.userId).at(-1)?.seq === seq);
  };
  await report(1);
  await flood(fake, 200);
  await sleep(250);
  for (const seq of range(2, 20)) await report(seq);
  slow.resume();
  await eventually(() => seqs(slow).length === 20);
  await report(21);
  await eventually(() => seqs(slow).length === 21);
  for (const client of [slow, quick]) t.same(seqs(client), range(1, 21));

  await report(22, 21 + REPORTED_COMMANDS);
  slowest.resume();
  await eventually(() => slowest.closeCode !== undefined);
  t.equal(slowest.closeCode, 1013, 'what it has missed is no longer held');
  t.same(seqs(slowest), [1]);
  await eventually(() => seqs(quick).at(-1) === 22);
  t.same(seqs(quick), range(1, 22), 'the others go on');
});

t.test('who reads slowly gets what is about an asset that is not known yet when it is', async t => {
  const here = await world(t);
  const { fake, reports } = here;
  const slow = await ownReader(here);
  await slow.ask('SUBSCRIBE', [DEPTH]);
  slow.pause();
  await flood(fake, 200);
  await sleep(250);
  await fake.report(1, reportText(1, 'NEW'));
  await eventually(() => reports.held(OWNER.userId).length === 1);
  slow.resume();
  await becomesEqual(t, slow, fake);
  t.match(await slow.ask('PING'), { result: null });
  t.same(seqs(slow), []);
  await fake.publishCatalog([], [{ asset: 'NEW', decimals: 8, status: 'ACTIVE' }]);
  await eventually(() => seqs(slow).length === 1);
  t.equal(slow.closeCode, undefined);
});

t.test('reports that were trimmed before they were read', async t => {
  const here = await world(t);
  const { fake, proxy, reports } = here;
  await fake.report(1, reportText(1));
  await eventually(() => reports.held(1001).length === 1);
  const client = await ownReader(here);
  await fake.report(2, reportText(2));
  await eventually(() => client.data('user').length === 1);
  t.match(client.data('user'), [{ e: 'balanceUpdate', seq: 2, a: 'BTC', f: '0.00000001' }]);
  proxy.cut();
  await fake.report(3, reportText(3));
  await fake.report(2 + REPORTED_COMMANDS, `${reportText(4)}\n${reportText(5)}`, { isAlone: true });
  await eventually(() => client.closeCode !== undefined);
  t.equal(client.closeCode, 1013, 'who has missed some is told so');
  await eventually(() => reports.held(1001).length === 2);
  t.same(
    reports.held(1001).map(({ seq }) => seq),
    [4, 5],
    'nothing is held from before the gap',
  );
});
