/** Everything of one account besides its orders: what it has. */

export class Account {
  /** The numbers of its balances, by asset. */
  readonly balances = new Map<string, number>();

  constructor(readonly account: number) {}
}
