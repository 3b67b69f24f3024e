/** Users: registration, login, the account's balances and transfers, and its history. */
import type { z } from 'zod';
import type { Transfer } from '../../shared/domain/commands.js';
import { fromUnits } from '../../shared/domain/units.js';
import type { User } from '../accounts.js';
import { decodeCursor, encodeCursor } from '../cursor.js';
import { NOBODYS_ORDER } from '../engine-client.js';
import { ApiError } from '../errors.js';
import { reportForm } from '../report-forms.js';
import type { Caller } from '../tokens.js';
import { accountFillForm, balanceForms, fillPlace, ledgerEntryForm, orderForm } from './forms.js';
import { expectAnswer } from './refusals.js';
import type * as schemas from './schemas.js';
import { knownAsset, knownMarket, type Services } from './services.js';
import { amountOf } from './steps.js';

type Credentials = z.output<typeof schemas.registration>;
type TransferRequest = z.output<typeof schemas.transfer>;
type TransferKind = 'DEPOSIT' | 'WITHDRAW';

export async function register(services: Services, { email, password }: Credentials) {
  const user = await services.accounts.register(email, password);
  if (user === undefined) throw new ApiError('DUPLICATE_EMAIL', 'email: it has a user already', 'email');
  await services.signup.deposit(services.engine, user.userId);
  return session(services, user);
}

export async function logIn(services: Services, { email, password }: Credentials) {
  const user = await services.accounts.logIn(email, password);
  if (user === undefined) throw new ApiError('BAD_CREDENTIALS', 'wrong e-mail address or password');
  await services.signup.depositMissing(services.engine, user.userId);
  return session(services, user);
}

export async function profile({ accounts, engine, catalog }: Services, _: unknown, caller: Caller) {
  const [user, answer] = await Promise.all([
    accounts.find(caller.userId),
    engine.ask({ kind: 'BALANCES', body: { account: caller.userId } }),
  ]);
  if (user === undefined) throw new ApiError('UNAUTHENTICATED', 'the token’s user does not exist');
  const { balances } = expectAnswer(answer, 'BALANCES', { name: 'balances' }, catalog);
  const { userId, email, role, createdAt } = user;
  return {
    userId: String(userId),
    email,
    role,
    createdAt,
    balances: balanceForms(catalog.assets(), balances),
  };
}

export function deposit(services: Services, request: TransferRequest, caller: Caller) {
  return transfer(services, 'DEPOSIT', request, caller.userId);
}

export function withdraw(services: Services, request: TransferRequest, caller: Caller) {
  return transfer(services, 'WITHDRAW', request, caller.userId);
}

/** Moves money into or out of an account; also what an administrator does for a user. */
export async function transfer(
  services: Services,
  kind: TransferKind,
  { asset: name, amount, id }: TransferRequest,
  account: number,
) {
  const asset = knownAsset(services, name);
  const body: Transfer = {
    account,
    asset: name,
    amount: amountOf(amount, asset.decimals, 'amount'),
    key: id ?? null,
  };
  const answer = await services.engine.ask({ kind, body });
  const subject = { name: kind === 'DEPOSIT' ? 'deposit' : 'withdrawal', amountField: 'amount' };
  const { transfer: made } = expectAnswer(answer, 'TRANSFERRED', subject, services.catalog);
  return {
    ledgerId: String(made.ledgerId),
    asset: made.asset,
    amount: fromUnits(made.amount, asset.decimals),
    balance: {
      available: fromUnits(made.available, asset.decimals),
      locked: fromUnits(made.locked, asset.decimals),
    },
  };
}

export async function orderHistory(
  services: Services,
  { market, status, cursor, limit }: z.output<typeof schemas.orderHistory>,
  caller: Caller,
) {
  if (market !== undefined) knownMarket(services, market);
  const [before] = cursor === undefined ? [] : decodeCursor(cursor, 1);
  const filter = { market, status, before, limit: limit + 1 };
  const orders = await services.history.orders(caller.userId, filter);
  const trades = await services.history.tradesOf(orders);
  return page(
    orders,
    limit,
    order => [order.orderId],
    order => orderForm(order, knownMarket(services, order.market).scale, trades?.get(order)),
  );
}

export async function tradeHistory(
  services: Services,
  { market, orderId, cursor, limit }: z.output<typeof schemas.tradeHistory>,
  caller: Caller,
) {
  if (market !== undefined) knownMarket(services, market);
  const before = cursor === undefined ? undefined : decodeCursor(cursor, 3);
  const filter = { market, orderId, before, limit: limit + 1 };
  const fills = await services.history.fills(caller.userId, filter);
  return page(fills, limit, fillPlace, fill =>
    accountFillForm(fill, knownMarket(services, fill.trade.market).scale),
  );
}

export async function ledgerHistory(
  services: Services,
  { asset, cursor, limit }: z.output<typeof schemas.ledgerHistory>,
  caller: Caller,
) {
  if (asset !== undefined) knownAsset(services, asset);
  const [before] = cursor === undefined ? [] : decodeCursor(cursor, 1);
  const entries = await services.history.ledger(caller.userId, { asset, before, limit: limit + 1 });
  return page(
    entries,
    limit,
    entry => [entry.ledgerId],
    entry => ledgerEntryForm(entry, knownAsset(services, entry.asset).decimals),
  );
}

/** A page of at most `limit`, of a list that was asked for one more, so that the last page says that it is the last. */
function page<T, F>(found: readonly T[], limit: number, place: (item: T) => number[], form: (item: T) => F) {
  const items = found.slice(0, limit);
  const nextCursor = found.length > limit ? encodeCursor(place(items.at(-1)!)) : null;
  return { items: items.map(form), nextCursor };
}

function session({ tokens }: Services, user: User) {
  const { userId, email, role } = user;
  return { userId: String(userId), email, role, ...tokens.issue(user) };
}

/**
 * The own stream's events above `since`, oldest first. That they have to be read anew, where some are no longer kept, or
 * where the account has never come as far as `since`: what was told up to there was lost, and a restore went back behind it.
 * Where this api has not heard of what another one has told, it has nothing above `since` yet.
 */
export async function ownEvents(
  services: Services,
  { since, limit }: z.output<typeof schemas.ownEvents>,
  { userId }: Caller,
) {
  const { reports, catalog } = services;
  const newest = reports.held(userId).at(-1)?.seq ?? -1;
  const last = since <= newest ? newest : await lastSeq(services, userId);
  // Anew, since more may have been heard meanwhile.
  const held = reports.held(userId);
  const lastNotHeld = (held[0]?.seq ?? last + 1) - 1;
  if (since < lastNotHeld && !reports.isCurrent)
    throw new ApiError('SERVER_BUSY', 'the events are being read: try again');
  if (since < lastNotHeld || since > last) return { resync: true as const };
  return held
    .filter(({ seq }) => seq > since)
    .slice(0, limit)
    .map(report => reportForm(report, catalog));
}

/** The number of the account's last report, at the moment of the call or a later one. */
async function lastSeq({ engine, watermark, history }: Services, account: number): Promise<number> {
  const answer = await engine.ask(NOBODYS_ORDER);
  if (answer.kind === 'NOT_HELD') await watermark.reached(answer.sequence);
  return history.lastSeq(account);
}
