/** The rules of trading, each as a session: types, matching, self-trade, cancels, fees, and what is told of them. */
import t from 'tap';
import { session } from './session.js';

const FUNDED = `
  deposit buyer  USDT 1000 | ok
  deposit seller BTC  10   | ok
  deposit self   USDT 1000 | ok
  deposit self   BTC  10   | ok`;

// ---- limit orders

rule(
  'a limit order rests, its money locked',
  `${FUNDED}
  place   buyer  b1 BUY  2 @ 100   | NEW
  place   seller s1 SELL 3 @ 100.5 | NEW
  balance buyer  USDT              | available 800 locked 200
  balance seller BTC               | available 7 locked 3
  depth                            | bid 2 @ 100, ask 3 @ 100.5
  open    buyer                    | b1 NEW
  order   buyer  b1                | BUY 2 @ 100 NEW
  order   seller s1                | SELL 3 @ 100.5 NEW
  audit                            | ok`,
);

rule(
  'a buyer takes at the price of the maker and gets the difference back',
  `${FUNDED}
  place   seller s1 SELL 1 @ 90  | NEW
  place   buyer  b1 BUY  1 @ 100 | trade s1 b1 1 @ 90
  balance buyer  USDT            | available 910 locked 0
  balance buyer  BTC             | available 1 locked 0
  balance seller USDT            | available 90 locked 0
  balance seller BTC             | available 9 locked 0
  order   buyer  b1              | BUY 1 @ 100 FILLED filled 1 for 90 average 90
  order   seller s1              | SELL 1 @ 90 FILLED filled 1 for 90 average 90
  depth                          | empty`,
);

rule(
  'a seller takes at the price of the maker and gets more than was asked',
  `${FUNDED}
  place   buyer  b1 BUY  2 @ 100 | NEW
  place   seller s1 SELL 1 @ 90  | trade b1 s1 1 @ 100
  balance buyer  USDT            | available 800 locked 100
  balance seller USDT            | available 100 locked 0
  balance seller BTC             | available 9 locked 0
  order   buyer  b1              | BUY 2 @ 100 PARTIALLY_FILLED filled 1 for 100 average 100
  order   seller s1              | SELL 1 @ 90 FILLED filled 1 for 100 average 100`,
);

rule(
  'what a taking order leaves rests at its own price',
  `${FUNDED}
  place   seller s1 SELL 1 @ 90  | NEW
  place   buyer  b1 BUY  3 @ 100 | trade s1 b1 1 @ 90, PARTIALLY_FILLED
  balance buyer  USDT            | available 710 locked 200
  depth                          | bid 2 @ 100
  place   seller s2 SELL 5 @ 95  | trade b1 s2 2 @ 100, PARTIALLY_FILLED
  balance seller BTC             | available 4 locked 3
  balance buyer  USDT            | available 710 locked 0
  order   buyer  b1              | BUY 3 @ 100 FILLED filled 3 for 290 average 96.67
  depth                          | ask 3 @ 95`,
);

rule(
  'orders that do not cross do not trade',
  `${FUNDED}
  place buyer  b1 BUY  1 @ 99.99 | NEW
  place seller s1 SELL 1 @ 100   | NEW
  depth                          | bid 1 @ 99.99, ask 1 @ 100
  place seller s2 SELL 1 @ 99.99 | trade b1 s2 1 @ 99.99
  place buyer  b2 BUY  1 @ 100   | trade s1 b2 1 @ 100`,
);

rule(
  'a buy takes level after level, the lowest first, up to its price',
  `${FUNDED}
  place seller s92 SELL 1 @ 92   | NEW
  place seller s90 SELL 1 @ 90   | NEW
  place seller s91 SELL 1 @ 91   | NEW
  place buyer  b1  BUY  2.5 @ 91 | trade s90 b1 1 @ 90, trade s91 b1 1 @ 91, PARTIALLY_FILLED
  depth                          | bid 0.5 @ 91, ask 1 @ 92
  balance buyer USDT             | available 773.5 locked 45.5
  order buyer b1                 | BUY 2.5 @ 91 PARTIALLY_FILLED filled 2 for 181 average 90.5`,
);

rule(
  'a sell takes level after level, the highest first, down to its price',
  `${FUNDED}
  place buyer  b90 BUY  1 @ 90   | NEW
  place buyer  b92 BUY  1 @ 92   | NEW
  place buyer  b91 BUY  1 @ 91   | NEW
  place seller s1  SELL 2.5 @ 91 | trade b92 s1 1 @ 92, trade b91 s1 1 @ 91, PARTIALLY_FILLED
  depth                          | bid 1 @ 90, ask 0.5 @ 91
  balance seller BTC             | available 7.5 locked 0.5
  balance seller USDT            | available 183 locked 0`,
);

rule(
  'at one price the first in is the first out, also after a partial fill',
  `${FUNDED}
  place seller s1 SELL 2 @ 90   | NEW
  place self   s2 SELL 1 @ 90   | NEW
  place seller s3 SELL 1 @ 90   | NEW
  place buyer  b1 BUY  1 @ 90   | trade s1 b1 1 @ 90
  place buyer  b2 BUY  1.5 @ 90 | trade s1 b2 1 @ 90, trade s2 b2 0.5 @ 90
  order seller s1               | SELL 2 @ 90 FILLED filled 2 for 180 average 90
  depth                         | ask 1.5 @ 90
  place seller s4 SELL 1 @ 90   | NEW
  place buyer  b3 BUY  3 @ 90   | trade s2 b3 0.5 @ 90, trade s3 b3 1 @ 90, trade s4 b3 1 @ 90,
                                | PARTIALLY_FILLED
  place seller s5 SELL 0.5 @ 80 | trade b3 s5 0.5 @ 90`,
);

rule(
  'buyers, too, are served in the order in which they came',
  `${FUNDED}
  place buyer  b1 BUY  1 @ 90 | NEW
  place self   b2 BUY  1 @ 90 | NEW
  place buyer  b3 BUY  1 @ 90 | NEW
  place seller s1 SELL 2 @ 90 | trade b1 s1 1 @ 90, trade b2 s1 1 @ 90
  place seller s2 SELL 1 @ 90 | trade b3 s2 1 @ 90`,
);

rule(
  'the queue closes up where the first, one in the middle or the last is canceled',
  `${FUNDED}
  place  seller s1 SELL 1 @ 90 | NEW
  place  seller s2 SELL 1 @ 90 | NEW
  place  seller s3 SELL 1 @ 90 | NEW
  place  seller s4 SELL 1 @ 90 | NEW
  place  seller s5 SELL 1 @ 90 | NEW
  cancel seller s3             | CANCELED remaining 1
  cancel seller s1             | CANCELED remaining 1
  cancel seller s5             | CANCELED remaining 1
  place  seller s6 SELL 1 @ 90 | NEW
  depth                        | ask 3 @ 90
  place  buyer  b1 BUY  3 @ 90 | trade s2 b1 1 @ 90, trade s4 b1 1 @ 90, trade s6 b1 1 @ 90
  depth                        | empty`,
);

rule(
  'an order needs its money',
  `${FUNDED}
  place   buyer  b1 BUY  10.00001 @ 100 | INSUFFICIENT_BALANCE needs 1000.001 USDT of 1000
  place   seller s1 SELL 10.00001 @ 100 | INSUFFICIENT_BALANCE needs 10.00001 BTC of 10
  place   buyer  b1 BUY  10 @ 100       | NEW
  place   buyer  b2 BUY  0.01 @ 100     | INSUFFICIENT_BALANCE needs 1 USDT of 0
  place   seller s1 SELL 10 @ 200       | NEW
  place   seller s2 SELL 0.01 @ 200     | INSUFFICIENT_BALANCE needs 0.01 BTC of 0
  place   nobody n1 SELL 0.01 @ 200     | INSUFFICIENT_BALANCE needs 0.01 BTC of 0
  balance buyer USDT                    | available 0 locked 1000
  open    buyer                         | b1 NEW`,
);

rule(
  'a buy needs the money of its own price, whatever it would pay',
  `${FUNDED}
  place seller s1 SELL 10 @ 50      | NEW
  place buyer  b1 BUY  10 @ 100.01  | INSUFFICIENT_BALANCE needs 1000.1 USDT of 1000
  place buyer  b1 BUY  10 @ 100     | trade s1 b1 10 @ 50
  balance buyer USDT                | available 500 locked 0`,
);

// ---- immediate or cancel, fill or kill, post-only

rule(
  'IOC takes what there is; the rest expires and is unlocked',
  `${FUNDED}
  place   seller s1 SELL 1 @ 90      | NEW
  place   seller s2 SELL 1 @ 101     | NEW
  place   buyer  b1 BUY  3 @ 100 IOC | trade s1 b1 1 @ 90, EXPIRED remaining 2
  balance buyer  USDT                | available 910 locked 0
  order   buyer  b1                  | BUY 3 @ 100 EXPIRED filled 1 for 90 average 90
  place   buyer  b2 BUY  1 @ 100 IOC | EXPIRED remaining 1
  place   seller s3 SELL 1 @ 90 IOC  | EXPIRED remaining 1
  balance buyer  USDT                | available 910 locked 0
  balance seller BTC                 | available 8 locked 1
  open    buyer                      | none
  depth                              | ask 1 @ 101
  place   buyer  b3 BUY  1 @ 101 IOC | trade s2 b3 1 @ 101`,
);

rule(
  'FOK fills whole',
  `${FUNDED}
  place   seller s1 SELL 1 @ 90      | NEW
  place   seller s2 SELL 1 @ 91      | NEW
  place   buyer  b1 BUY  2 @ 91 FOK  | trade s1 b1 1 @ 90, trade s2 b1 1 @ 91
  place   buyer  b2 BUY  2 @ 80      | NEW
  place   seller s3 SELL 1.5 @ 80 FOK | trade b2 s3 1.5 @ 80
  balance buyer  USDT                | available 659 locked 40`,
);

rule(
  'FOK that cannot fill whole expires without a fill',
  `${FUNDED}
  place   seller s1 SELL 1 @ 90           | NEW
  place   seller s2 SELL 1 @ 91           | NEW
  place   buyer  b1 BUY  2.00001 @ 91 FOK | EXPIRED remaining 2.00001
  place   buyer  b2 BUY  1.5 @ 90 FOK     | EXPIRED remaining 1.5
  place   buyer  b3 BUY  1 @ 89 FOK       | EXPIRED remaining 1
  place   seller s3 SELL 1 @ 80 FOK       | EXPIRED remaining 1
  balance buyer  USDT                     | available 1000 locked 0
  balance seller BTC                      | available 8 locked 2
  order   buyer b1                        | BUY 2.00001 @ 91 EXPIRED
  events                                  | ORDER_PLACED, ORDER_ENDED
  depth                                   | ask 1 @ 90, ask 1 @ 91`,
);

rule(
  'FOK does not count own orders that it would expire, and expires none of them where it cannot fill',
  `${FUNDED}
  place self   o1 SELL 1 @ 90                      | NEW
  place seller s1 SELL 1 @ 91                      | NEW
  place self   f1 BUY  2 @ 91 FOK                  | EXPIRED remaining 2
  place self   f2 BUY  2 @ 91 FOK EXPIRE_BOTH      | EXPIRED remaining 2
  place self   f3 BUY  2 @ 91 FOK EXPIRE_TAKER     | EXPIRED remaining 2
  place self   f4 BUY  1 @ 91 FOK EXPIRE_TAKER     | EXPIRED remaining 1
  place self   f5 BUY  1 @ 91 FOK EXPIRE_BOTH      | EXPIRED remaining 1
  depth                                            | ask 1 @ 90, ask 1 @ 91
  place self   f6 BUY  1 @ 91 FOK                  | o1 EXPIRED_IN_MATCH remaining 1, trade s1 f6 1 @ 91
  place self   o2 SELL 1 @ 90                      | NEW
  place seller s2 SELL 1 @ 91                      | NEW
  place self   f7 BUY  2 @ 91 FOK NONE             | trade o2 f7 1 @ 90, trade s2 f7 1 @ 91`,
);

rule(
  'FOK is not stopped by an own order that it does not reach',
  `${FUNDED}
  place seller s1 SELL 1 @ 90                  | NEW
  place self   o1 SELL 1 @ 90                  | NEW
  place self   f1 BUY  1 @ 90 FOK EXPIRE_TAKER | trade s1 f1 1 @ 90
  place seller s2 SELL 1 @ 89                  | NEW
  place self   f2 BUY  1 @ 90 FOK EXPIRE_BOTH  | trade s2 f2 1 @ 89
  open  self                                   | o1 NEW`,
);

rule(
  'LIMIT_MAKER rests, or is refused where it would take',
  `${FUNDED}
  place buyer  b1 BUY  1 @ 99 LIMIT_MAKER  | NEW
  place seller s1 SELL 1 @ 101 LIMIT_MAKER | NEW
  place buyer  b2 BUY  1 @ 101 LIMIT_MAKER | WOULD_TAKE
  place buyer  b2 BUY  1 @ 102 LIMIT_MAKER | WOULD_TAKE
  place seller s2 SELL 1 @ 99 LIMIT_MAKER  | WOULD_TAKE
  place seller s2 SELL 1 @ 98 LIMIT_MAKER  | WOULD_TAKE
  balance buyer USDT                       | available 901 locked 99
  place buyer  b2 BUY  1 @ 100.99 LIMIT_MAKER | NEW
  place seller s2 SELL 1 @ 100.99          | trade b2 s2 1 @ 100.99
  open buyer                               | b1 NEW`,
);

rule(
  'LIMIT_MAKER that would meet an own order is refused in every mode',
  `${FUNDED}
  place self o1 SELL 1 @ 100                        | NEW
  place self o2 BUY  1 @ 100 LIMIT_MAKER            | WOULD_TAKE
  place self o2 BUY  1 @ 100 LIMIT_MAKER EXPIRE_TAKER | WOULD_TAKE
  place self o2 BUY  1 @ 100 LIMIT_MAKER EXPIRE_BOTH  | WOULD_TAKE
  place self o2 BUY  1 @ 100 LIMIT_MAKER NONE       | WOULD_TAKE
  open self                                         | o1 NEW`,
);

// ---- market orders

rule(
  'a market order by quantity takes at any price; what the book has not expires',
  `${FUNDED}
  place   buyer  m0 BUY  1 @ market   | NO_LIQUIDITY
  place   seller m0 SELL 1 @ market   | NO_LIQUIDITY
  place   seller s1 SELL 1 @ 90       | NEW
  place   seller s2 SELL 1 @ 95       | NEW
  place   buyer  m1 BUY  1.5 @ market | trade s1 m1 1 @ 90, trade s2 m1 0.5 @ 95
  balance buyer  USDT                 | available 862.5 locked 0
  order   buyer  m1                   | BUY 1.5 @ market FILLED filled 1.5 for 137.5 average 91.67
  place   buyer  m2 BUY  1 @ market   | trade s2 m2 0.5 @ 95, EXPIRED remaining 0.5
  balance buyer  USDT                 | available 815 locked 0
  place   buyer  b1 BUY  1 @ 80       | NEW
  place   seller m3 SELL 3 @ market   | trade b1 m3 1 @ 80, EXPIRED remaining 2
  balance seller BTC                  | available 7 locked 0
  open    seller                      | none
  order   seller m3                   | SELL 3 @ market EXPIRED filled 1 for 80 average 80`,
);

rule(
  'a market order by quantity needs the money for what it would take',
  `${FUNDED}
  place seller s1 SELL 5 @ 100         | NEW
  place seller s2 SELL 5 @ 110         | NEW
  place buyer  m1 BUY  9.6 @ market    | INSUFFICIENT_BALANCE needs 1006 USDT of 1000
  place buyer  m2 BUY  9.5 @ market    | trade s1 m2 5 @ 100, trade s2 m2 4.5 @ 110
  balance buyer USDT                   | available 5 locked 0
  place buyer  b1 BUY 0.05 @ 100       | NEW
  place nobody m3 SELL 1 @ market      | INSUFFICIENT_BALANCE needs 1 BTC of 0`,
);

rule(
  'a market buy by quote spends at most that much, in whole lots',
  `${FUNDED}
  place   seller s1 SELL 1 @ 90              | NEW
  place   seller s2 SELL 1 @ 95              | NEW
  place   buyer  m1 BUY  137.5 USDT @ market | trade s1 m1 1 @ 90, trade s2 m1 0.5 @ 95
  balance buyer  USDT                        | available 862.5 locked 0
  order   buyer  m1                          | BUY 137.5 USDT @ market FILLED filled 1.5 for 137.5 average 91.67
  place   buyer  m2 BUY  10.0001 USDT @ market | trade s2 m2 0.10526 @ 95
  balance buyer  USDT                        | available 852.5003 locked 0
  place   buyer  m3 BUY  100 USDT @ market   | trade s2 m3 0.39474 @ 95, EXPIRED
  balance buyer  USDT                        | available 815 locked 0
  place   buyer  m4 BUY  100 USDT @ market   | NO_LIQUIDITY
  place   seller s3 SELL 1 @ 95              | NEW
  place   buyer  m5 BUY  1000 USDT @ market  | INSUFFICIENT_BALANCE needs 1000 USDT of 815`,
);

rule(
  'a market sell by quote raises at most that much, in whole lots',
  `${FUNDED}
  place   buyer  b1 BUY  1 @ 95               | NEW
  place   buyer  b2 BUY  1 @ 90               | NEW
  place   seller m1 SELL 140 USDT @ market    | trade b1 m1 1 @ 95, trade b2 m1 0.5 @ 90
  balance seller USDT                         | available 140 locked 0
  balance seller BTC                          | available 8.5 locked 0
  place   seller m2 SELL 10.0001 USDT @ market | trade b2 m2 0.11111 @ 90
  balance seller USDT                         | available 149.9999 locked 0
  place   seller m3 SELL 100 USDT @ market    | trade b2 m3 0.38889 @ 90, EXPIRED
  balance seller BTC                          | available 8 locked 0
  place   seller m4 SELL 100 USDT @ market    | NO_LIQUIDITY
  place   buyer  b3 BUY  1 @ 10               | NEW
  place   nobody m5 SELL 5 USDT @ market      | INSUFFICIENT_BALANCE needs 0.5 BTC of 0
  depth                                       | bid 1 @ 10`,
);

rule(
  'a market order by quote that cannot pay for one lot trades nothing',
  `${FUNDED}
  place   seller s1 SELL 0.00001 @ 200000    | NEW
  place   buyer  m1 BUY  1.99999999 USDT @ market | EXPIRED
  place   buyer  m2 BUY  2 USDT @ market     | trade s1 m2 0.00001 @ 200000
  balance buyer  USDT                        | available 998 locked 0
  place   buyer  b1 BUY  0.00001 @ 200000    | NEW
  place   seller m3 SELL 1.99999999 USDT @ market | EXPIRED
  place   seller m4 SELL 2 USDT @ market     | trade b1 m4 0.00001 @ 200000
  balance seller USDT                        | available 4 locked 0`,
);

rule(
  'a market order by quote goes through many levels',
  `${FUNDED}
  place   seller s1 SELL 1 @ 10               | NEW
  place   seller s2 SELL 1 @ 20               | NEW
  place   seller s3 SELL 1 @ 30               | NEW
  place   seller s4 SELL 1 @ 40               | NEW
  place   buyer  m1 BUY  80 USDT @ market     | trade s1 m1 1 @ 10, trade s2 m1 1 @ 20, trade s3 m1 1 @ 30,
                                              | trade s4 m1 0.5 @ 40
  place   buyer  b1 BUY  1 @ 30               | NEW
  place   buyer  b2 BUY  1 @ 20               | NEW
  place   buyer  b3 BUY  1 @ 10               | NEW
  place   seller m2 SELL 55 USDT @ market     | trade b1 m2 1 @ 30, trade b2 m2 1 @ 20, trade b3 m2 0.5 @ 10
  balance buyer  USDT                         | available 860 locked 5`,
);

rule(
  'a market order by quote takes at most the quantity that the market allows',
  `${FUNDED}
  place   seller s1 SELL 5 @ 10               | NEW
  market  update BTC_USDT maxQuantity 2       | ok
  place   buyer  m1 BUY  50 USDT @ market     | trade s1 m1 2 @ 10
  balance buyer  USDT                         | available 980 locked 0`,
);

rule(
  'a market order by quote stops at the level of which it cannot pay a lot',
  `${FUNDED}
  place   seller s1 SELL 0.00001 @ 200000     | NEW
  place   seller s2 SELL 0.00001 @ 300000     | NEW
  place   buyer  m1 BUY  4.99 USDT @ market   | trade s1 m1 0.00001 @ 200000
  balance buyer  USDT                         | available 998 locked 0
  depth                                       | ask 0.00001 @ 300000`,
);

// ---- self-trade

rule(
  'EXPIRE_MAKER ends the own resting order, unlocks its money, and the taker goes on',
  `${FUNDED}
  place   self   o1 SELL 1 @ 90  | NEW
  place   seller s1 SELL 1 @ 91  | NEW
  place   self   o2 BUY  2 @ 91  | o1 EXPIRED_IN_MATCH remaining 1, trade s1 o2 1 @ 91, PARTIALLY_FILLED
  balance self   BTC             | available 11 locked 0
  balance self   USDT            | available 818 locked 91
  order   self   o1              | SELL 1 @ 90 EXPIRED_IN_MATCH
  place   buyer  b1 BUY  1 @ 95  | NEW
  place   self   o3 SELL 2 @ 91  | trade b1 o3 1 @ 95, o2 EXPIRED_IN_MATCH remaining 1, PARTIALLY_FILLED
  balance self   USDT            | available 1004 locked 0
  balance self   BTC             | available 9 locked 1
  depth                          | ask 1 @ 91`,
);

rule(
  'EXPIRE_TAKER ends the incoming order at the own one, which stays',
  `${FUNDED}
  place   seller s1 SELL 1 @ 90               | NEW
  place   self   o1 SELL 1 @ 91               | NEW
  place   seller s2 SELL 1 @ 91               | NEW
  place   self   o2 BUY  3 @ 91 EXPIRE_TAKER  | trade s1 o2 1 @ 90, EXPIRED_IN_MATCH remaining 2
  balance self   USDT                         | available 910 locked 0
  order   self   o2                           | BUY 3 @ 91 EXPIRED_IN_MATCH filled 1 for 90 average 90
  depth                                       | ask 2 @ 91
  cancel  self   o1                           | CANCELED remaining 1
  place   self   o3 BUY  1 @ 80               | NEW
  place   self   o4 SELL 1 @ 80 EXPIRE_TAKER  | EXPIRED_IN_MATCH remaining 1
  balance self   BTC                          | available 11 locked 0
  open    self                                | o3 NEW`,
);

rule(
  'EXPIRE_BOTH ends both',
  `${FUNDED}
  place   seller s1 SELL 1 @ 90              | NEW
  place   self   o1 SELL 1 @ 91              | NEW
  place   seller s2 SELL 1 @ 91              | NEW
  place   self   o2 BUY  3 @ 91 EXPIRE_BOTH  | trade s1 o2 1 @ 90, o1 EXPIRED_IN_MATCH remaining 1,
                                             | EXPIRED_IN_MATCH remaining 2
  balance self   USDT                        | available 910 locked 0
  balance self   BTC                         | available 11 locked 0
  open    self                               | none
  depth                                      | ask 1 @ 91
  place   self   o3 BUY  2 @ 80              | NEW
  place   self   o4 SELL 1 @ 80 EXPIRE_BOTH  | o3 EXPIRED_IN_MATCH remaining 2, EXPIRED_IN_MATCH remaining 1
  balance self   USDT                        | available 910 locked 0
  balance self   BTC                         | available 11 locked 0
  depth                                      | ask 1 @ 91`,
);

rule(
  'NONE trades with itself, and only the locks change',
  `${FUNDED}
  place   self o1 SELL 1 @ 90        | NEW
  place   self o2 BUY  2 @ 95 NONE   | trade o1 o2 1 @ 90, PARTIALLY_FILLED
  balance self USDT                  | available 905 locked 95
  balance self BTC                   | available 10 locked 0
  ledger                             | self USDT -90 TRADE BTC_USDT:1 after 910, self USDT 90 TRADE BTC_USDT:1 after 1000,
                                     | self BTC -1 TRADE BTC_USDT:1 after 9, self BTC 1 TRADE BTC_USDT:1 after 10
  place   self o3 SELL 1 @ 95 NONE   | trade o2 o3 1 @ 95
  balance self USDT                  | available 1000 locked 0
  balance self BTC                   | available 10 locked 0`,
);

rule(
  'the mode of the taker decides, not that of the maker',
  `${FUNDED}
  place self o1 SELL 1 @ 90 NONE         | NEW
  place self o2 BUY  1 @ 90 EXPIRE_TAKER | EXPIRED_IN_MATCH remaining 1
  place self o3 BUY  1 @ 90 EXPIRE_MAKER | o1 EXPIRED_IN_MATCH remaining 1, NEW
  place self o4 SELL 1 @ 90 NONE         | trade o3 o4 1 @ 90`,
);

rule(
  'a maker that had fills expires with the rest of its money unlocked',
  `${FUNDED}
  place   self   o1 BUY  3 @ 100  | NEW
  place   seller s1 SELL 1 @ 100  | trade o1 s1 1 @ 100
  place   self   o2 SELL 1 @ 100  | o1 EXPIRED_IN_MATCH remaining 2, NEW
  balance self   USDT             | available 900 locked 0
  balance self   BTC              | available 10 locked 1
  order   self   o1               | BUY 3 @ 100 EXPIRED_IN_MATCH filled 1 for 100 average 100`,
);

rule(
  'an IOC in each mode with its own order in the way',
  `${FUNDED}
  place self   o1 SELL 1 @ 90                  | NEW
  place seller s1 SELL 1 @ 91                  | NEW
  place self   i1 BUY  2 @ 91 IOC EXPIRE_TAKER | EXPIRED_IN_MATCH remaining 2
  place self   i2 BUY  2 @ 91 IOC              | o1 EXPIRED_IN_MATCH remaining 1, trade s1 i2 1 @ 91,
                                               | EXPIRED remaining 1
  place self   o2 SELL 1 @ 90                  | NEW
  place self   i3 BUY  2 @ 91 IOC EXPIRE_BOTH  | o2 EXPIRED_IN_MATCH remaining 1, EXPIRED_IN_MATCH remaining 2
  balance self USDT                            | available 909 locked 0
  balance self BTC                             | available 11 locked 0`,
);

rule(
  'a market order with its own order in the way',
  `${FUNDED}
  place   self   o1 SELL 1 @ 90                     | NEW
  place   seller s1 SELL 1 @ 100                    | NEW
  place   self   m1 BUY  1 @ market EXPIRE_TAKER    | EXPIRED_IN_MATCH remaining 1
  place   self   m2 BUY  50 USDT @ market EXPIRE_TAKER | EXPIRED_IN_MATCH
  depth                                             | ask 1 @ 90, ask 1 @ 100
  place   self   m3 BUY  0.5 @ market               | o1 EXPIRED_IN_MATCH remaining 1, trade s1 m3 0.5 @ 100
  balance self   USDT                               | available 950 locked 0
  place   self   o2 SELL 1 @ 90                     | NEW
  place   self   m4 BUY  50 USDT @ market EXPIRE_BOTH | o2 EXPIRED_IN_MATCH remaining 1, EXPIRED_IN_MATCH
  place   self   o3 SELL 1 @ 90                     | NEW
  place   self   m5 BUY  20 USDT @ market           | o3 EXPIRED_IN_MATCH remaining 1, trade s1 m5 0.2 @ 100
  balance self   USDT                               | available 930 locked 0
  balance self   BTC                                | available 10.7 locked 0
  place   self   o4 SELL 1 @ 90                     | NEW
  place   self   m6 BUY  1.3 @ market NONE          | trade o4 m6 1 @ 90, trade s1 m6 0.3 @ 100
  balance self   USDT                               | available 900 locked 0`,
);

rule(
  'a market sell with its own order in the way',
  `${FUNDED}
  place   self   o1 BUY  1 @ 100                    | NEW
  place   buyer  b1 BUY  1 @ 90                     | NEW
  place   self   m1 SELL 1 @ market EXPIRE_TAKER    | EXPIRED_IN_MATCH remaining 1
  place   self   m2 SELL 9 USDT @ market            | o1 EXPIRED_IN_MATCH remaining 1, trade b1 m2 0.1 @ 90
  balance self   USDT                               | available 1009 locked 0
  balance self   BTC                                | available 9.9 locked 0`,
);

rule(
  'a market order that meets only own orders trades nothing',
  `${FUNDED}
  place self o1 SELL 1 @ 90              | NEW
  place self m1 BUY 1 @ market           | o1 EXPIRED_IN_MATCH remaining 1, EXPIRED remaining 1
  place self o2 SELL 1 @ 90              | NEW
  place self m2 BUY 50 USDT @ market     | o2 EXPIRED_IN_MATCH remaining 1, EXPIRED
  balance self USDT                      | available 1000 locked 0
  balance self BTC                       | available 10 locked 0
  depth                                  | empty`,
);

// ---- cancels

rule(
  'a cancel ends an order and unlocks what it did not use',
  `${FUNDED}
  place   buyer  b1 BUY  2 @ 100   | NEW
  place   seller s1 SELL 0.5 @ 100 | trade b1 s1 0.5 @ 100
  cancel  buyer  b1                | CANCELED remaining 1.5
  events                           | ORDER_ENDED
  balance buyer  USDT              | available 950 locked 0
  order   buyer  b1                | BUY 2 @ 100 CANCELED filled 0.5 for 50 average 100
  place   seller s2 SELL 3 @ 101   | NEW
  cancel  seller #s2               | CANCELED remaining 3
  balance seller BTC               | available 9.5 locked 0
  depth                            | empty`,
);

rule(
  'only an own open order can be canceled',
  `${FUNDED}
  place  buyer  b1 BUY  1 @ 100     | NEW
  cancel seller #b1                 | UNKNOWN_ORDER
  cancel seller b1                  | UNKNOWN_ORDER
  cancel buyer  b2                  | UNKNOWN_ORDER
  cancel buyer  #999                | UNKNOWN_ORDER
  cancel buyer  b1 in ETH_USDT      | UNKNOWN_ORDER
  cancel buyer  b1 in BTC_ADA       | UNKNOWN_MARKET
  place  seller s1 SELL 1 @ 100     | trade b1 s1 1 @ 100
  cancel buyer  b1                  | UNKNOWN_ORDER
  cancel buyer  #b1                 | UNKNOWN_ORDER
  cancel seller #s1                 | UNKNOWN_ORDER
  place  buyer  b3 BUY  1 @ 100     | NEW
  cancel buyer  #b3                 | CANCELED remaining 1
  cancel buyer  #b3                 | UNKNOWN_ORDER`,
);

rule(
  'others orders are not seen',
  `${FUNDED}
  place buyer  b1 BUY  1 @ 100  | NEW
  order seller #b1              | NOT_HELD
  order buyer  #b1              | BUY 1 @ 100 NEW
  order buyer  b1 in BTC_ADA    | UNKNOWN_MARKET
  open  seller                  | none
  open  buyer in BTC_ADA        | UNKNOWN_MARKET
  depth in BTC_ADA              | UNKNOWN_MARKET`,
);

rule(
  'cancel-all ends the own orders of one market, or of all, oldest first',
  `${FUNDED}
  place      buyer  b1 BUY  1 @ 100             | NEW
  place      buyer  e1 BUY  1 @ 10 in ETH_USDT  | NEW
  place      buyer  b2 BUY  1 @ 101             | NEW
  place      self   b3 BUY  1 @ 100             | NEW
  open       buyer                              | b1 NEW, e1 NEW, b2 NEW
  open       buyer in ETH_USDT                  | e1 NEW
  cancel-all buyer in BTC_USDT                  | canceled b1 b2
  events                                        | ORDER_ENDED, ORDER_ENDED, CANCELED_ALL
  balance    buyer USDT                         | available 990 locked 10
  place      buyer  b4 BUY  1 @ 99              | NEW
  cancel-all buyer                              | canceled e1 b4
  balance    buyer USDT                         | available 1000 locked 0
  cancel-all buyer                              | canceled none
  events                                        | CANCELED_ALL
  cancel-all buyer in BTC_ADA                   | UNKNOWN_MARKET
  cancel-all nobody                             | canceled none
  depth                                         | bid 1 @ 100
  depth in ETH_USDT                             | empty`,
);

rule(
  'cancel-all does the same after a restart, whatever was canceled before',
  `${FUNDED}
  place      buyer b1 BUY 1 @ 100            | NEW
  place      buyer e1 BUY 1 @ 10 in ETH_USDT | NEW
  place      buyer b2 BUY 1 @ 101            | NEW
  cancel     buyer b1                        | CANCELED remaining 1
  cancel-all buyer                           | canceled e1 b2`,
);

// ---- fees

rule(
  'each side pays its fee in what it receives, rounded down, to the fee account',
  `${FUNDED}
  market  update BTC_USDT makerFee 0.001 takerFee 0.002 | ok
  place   seller s1 SELL 1 @ 99.99 | NEW
  place   buyer  b1 BUY  1 @ 100   | trade s1 b1 1 @ 99.99 maker fee 0.09999 USDT taker fee 0.002 BTC
  balance buyer  USDT              | available 900.01 locked 0
  balance buyer  BTC               | available 0.998 locked 0
  balance seller USDT              | available 99.89001 locked 0
  balance fees   USDT              | available 0.09999 locked 0
  balance fees   BTC               | available 0.002 locked 0
  place   buyer  b2 BUY  1 @ 50    | NEW
  place   seller s2 SELL 1 @ 50    | trade b2 s2 1 @ 50 maker fee 0.001 BTC taker fee 0.1 USDT
  ledger                           | seller BTC -1 TRADE BTC_USDT:2 after 8,
                                   | buyer BTC 1 TRADE BTC_USDT:2 after 1.998,
                                   | buyer USDT -50 TRADE BTC_USDT:2 after 850.01,
                                   | seller USDT 50 TRADE BTC_USDT:2 after 149.89001,
                                   | seller USDT -0.1 FEE BTC_USDT:2 after 149.79001,
                                   | fees USDT 0.1 FEE BTC_USDT:2 after 0.19999,
                                   | buyer BTC -0.001 FEE BTC_USDT:2 after 1.997,
                                   | fees BTC 0.001 FEE BTC_USDT:2 after 0.003
  balance fees   USDT              | available 0.19999 locked 0
  balance fees   BTC               | available 0.003 locked 0`,
);

rule(
  'a fee below one smallest unit is no fee, and leaves no entry',
  `${FUNDED}
  market update BTC_USDT makerFee 0.0009 takerFee 0.0011 minNotional 0.0000001 | ok
  place  seller s1 SELL 0.00001 @ 0.01 | NEW
  place  buyer  b1 BUY  0.00001 @ 0.01 | trade s1 b1 0.00001 @ 0.01 taker fee 0.00000001 BTC
  ledger                               | buyer USDT -0.0000001 TRADE BTC_USDT:1 after 999.9999999,
                                       | seller USDT 0.0000001 TRADE BTC_USDT:1 after 0.0000001,
                                       | seller BTC -0.00001 TRADE BTC_USDT:1 after 9.99999,
                                       | buyer BTC 0.00001 TRADE BTC_USDT:1 after 0.00001,
                                       | buyer BTC -0.00000001 FEE BTC_USDT:1 after 0.00000999,
                                       | fees BTC 0.00000001 FEE BTC_USDT:1 after 0.00000001`,
);

rule(
  'fees are those of the moment of the trade, in each market its own',
  `${FUNDED}
  place   seller s1 SELL 2 @ 100                | NEW
  market  update BTC_USDT takerFee 0.01         | ok
  place   buyer  b1 BUY  1 @ 100                | trade s1 b1 1 @ 100 taker fee 0.01 BTC
  market  update BTC_USDT takerFee 0 makerFee 0.5 | ok
  place   buyer  b2 BUY  1 @ 100                | trade s1 b2 1 @ 100 maker fee 50 USDT
  balance seller USDT                           | available 150 locked 0
  deposit seller ETH 1                          | ok
  place   seller e1 SELL 1 @ 100 in ETH_USDT    | NEW
  place   buyer  e2 BUY  1 @ 100 in ETH_USDT    | trade e1 e2 1 @ 100`,
);

rule(
  'a self-trade in mode NONE pays both fees',
  `${FUNDED}
  market  update BTC_USDT makerFee 0.001 takerFee 0.002 | ok
  place   self o1 SELL 1 @ 100      | NEW
  place   self o2 BUY  1 @ 100 NONE | trade o1 o2 1 @ 100 maker fee 0.1 USDT taker fee 0.002 BTC
  ledger                            | self USDT -100 TRADE BTC_USDT:1 after 900,
                                    | self USDT 100 TRADE BTC_USDT:1 after 1000,
                                    | self BTC -1 TRADE BTC_USDT:1 after 9,
                                    | self BTC 1 TRADE BTC_USDT:1 after 10,
                                    | self BTC -0.002 FEE BTC_USDT:1 after 9.998,
                                    | fees BTC 0.002 FEE BTC_USDT:1 after 0.002,
                                    | self USDT -0.1 FEE BTC_USDT:1 after 999.9,
                                    | fees USDT 0.1 FEE BTC_USDT:1 after 0.1
  balance self USDT                 | available 999.9 locked 0
  balance self BTC                  | available 9.998 locked 0`,
);

// ---- ids, events and the ledger

rule(
  'trade ids count from 1 in each market; update ids rise by one for each command that changed the book',
  `${FUNDED}
  market show BTC_USDT lastTradeId updateId  | 0, 0
  place  seller s1 SELL 1 @ 90               | NEW
  place  seller s2 SELL 1 @ 91               | NEW
  market show BTC_USDT lastTradeId updateId  | 0, 2
  place  buyer  b1 BUY  3 @ 91               | trade s1 b1 1 @ 90, trade s2 b1 1 @ 91, PARTIALLY_FILLED
  market show BTC_USDT lastTradeId updateId  | 2, 3
  place  buyer  b2 BUY  1 @ 200 FOK          | EXPIRED remaining 1
  place  buyer  b3 BUY  1 @ 90 IOC           | EXPIRED remaining 1
  cancel buyer  b9                           | UNKNOWN_ORDER
  market update BTC_USDT makerFee 0.1        | ok
  market show BTC_USDT lastTradeId updateId  | 2, 3
  cancel buyer  b1                           | CANCELED remaining 1
  place  buyer  b4 BUY  1 @ 50               | NEW
  place  buyer  b5 BUY  1 @ 51               | NEW
  cancel-all buyer                           | canceled b4 b5
  market show BTC_USDT lastTradeId updateId  | 2, 7
  market show ETH_USDT lastTradeId updateId  | 0, 0
  deposit seller ETH 1                       | ok
  place  seller e1 SELL 1 @ 100 in ETH_USDT  | NEW
  place  buyer  e2 BUY  1 @ 100 in ETH_USDT  | trade e1 e2 1 @ 100
  market show ETH_USDT lastTradeId updateId  | 1, 2
  ledger                                     | buyer USDT -100 TRADE ETH_USDT:1 after 719,
                                             | seller USDT 100 TRADE ETH_USDT:1 after 281,
                                             | seller ETH -1 TRADE ETH_USDT:1 after 0,
                                             | buyer ETH 1 TRADE ETH_USDT:1 after 1`,
);

rule(
  'each command says what happened',
  `${FUNDED}
  ledger                             | treasury BTC -10 DEPOSIT after -20, self BTC 10 DEPOSIT after 10
  events                             | MOVED
  place  seller s1 SELL 1 @ 90       | NEW
  events                             | ORDER_PLACED
  place  self   o1 SELL 1 @ 91       | NEW
  place  self   o2 BUY  3 @ 91 IOC   | trade s1 o2 1 @ 90, o1 EXPIRED_IN_MATCH remaining 1,
                                     | EXPIRED remaining 2
  events                             | ORDER_PLACED, TRADE, ORDER_ENDED, ORDER_ENDED
  ledger                             | self USDT -90 TRADE BTC_USDT:1 after 910,
                                     | seller USDT 90 TRADE BTC_USDT:1 after 90,
                                     | seller BTC -1 TRADE BTC_USDT:1 after 9,
                                     | self BTC 1 TRADE BTC_USDT:1 after 11
  place  buyer  b1 BUY 99 @ 91       | INSUFFICIENT_BALANCE needs 9009 USDT of 1000
  events                             | REFUSED
  ledger                             | none
  market update BTC_USDT makerFee 0  | ok
  events                             | MARKET_UPDATED
  asset  SOL 6                       | ok
  events                             | ASSET_CREATED
  market create SOL_USDT 0.01 0.01   | ok
  events                             | MARKET_CREATED`,
);

rule(
  'no command that came too late changes anything',
  `${FUNDED}
  place  buyer  b1 BUY 1 @ 100 deadline 0    | NEW
  place  buyer  b2 BUY 1 @ 100 deadline -1   | EXPIRED_IN_QUEUE
  cancel buyer  b1 deadline -1               | EXPIRED_IN_QUEUE
  cancel-all buyer deadline -1               | EXPIRED_IN_QUEUE
  deposit buyer USDT 1 key k deadline -1     | EXPIRED_IN_QUEUE
  withdraw buyer USDT 1 key k deadline -1    | EXPIRED_IN_QUEUE
  asset SOL 6 deadline -1                    | EXPIRED_IN_QUEUE
  market create BTC_ADA 0.1 0.1 deadline -1  | EXPIRED_IN_QUEUE
  market update BTC_USDT status HALT deadline -1 | EXPIRED_IN_QUEUE
  market show BTC_USDT status updateId       | TRADING, 1
  market show BTC_ADA status                 | none
  balance buyer USDT                         | available 900 locked 100
  open buyer                                 | b1 NEW
  deposit buyer USDT 1 key k                 | ok`,
);

// ---- the asked-for flows

rule(
  'the testing procedure: buy 10 ADA at 1.9, sell 10 at 2, sell 1 at 1.9',
  `
  deposit buyer  USDT 1000                      | ok
  deposit seller ADA  500                       | ok
  place   buyer  b1 BUY  10 @ 1.9 in ADA_USDT   | NEW
  place   seller s1 SELL 10 @ 2   in ADA_USDT   | NEW
  place   seller s2 SELL 1  @ 1.9 in ADA_USDT   | trade b1 s2 1 @ 1.9
  balance buyer  ADA                            | available 1 locked 0
  balance buyer  USDT                           | available 981 locked 17.1
  balance seller USDT                           | available 1.9 locked 0
  balance seller ADA                            | available 489 locked 10
  order   buyer  b1 in ADA_USDT                 | BUY 10 @ 1.9 PARTIALLY_FILLED filled 1 for 1.9 average 1.9
  order   seller s1 in ADA_USDT                 | SELL 10 @ 2 NEW
  order   seller s2 in ADA_USDT                 | SELL 1 @ 1.9 FILLED filled 1 for 1.9 average 1.9
  depth in ADA_USDT                             | bid 9 @ 1.9, ask 10 @ 2`,
);

rule(
  'the testing procedure: 100 ADA at 2',
  `
  deposit buyer  USDT 1000                      | ok
  deposit seller ADA  500                       | ok
  place   buyer  b1 BUY  100 @ 2 in ADA_USDT    | NEW
  place   seller s1 SELL 100 @ 2 in ADA_USDT    | trade b1 s1 100 @ 2
  balance buyer  USDT                           | available 800 locked 0
  balance buyer  ADA                            | available 100 locked 0
  balance seller USDT                           | available 200 locked 0
  balance seller ADA                            | available 400 locked 0`,
);

rule(
  'the flow of the crypto platform: a bid for 10 BTC at 50,000 meets 5 BTC',
  `
  deposit buyer  USDT 500000       | ok
  deposit seller BTC  5            | ok
  place   buyer  b1 BUY 10 @ 50000 | NEW
  place   seller s1 SELL 5 @ 50000 | trade b1 s1 5 @ 50000
  balance buyer  USDT              | available 0 locked 250000
  balance buyer  BTC               | available 5 locked 0
  balance seller USDT              | available 250000 locked 0
  balance seller BTC               | available 0 locked 0
  ledger                           | seller BTC -5 TRADE BTC_USDT:1 after 0,
                                   | buyer BTC 5 TRADE BTC_USDT:1 after 5,
                                   | buyer USDT -250000 TRADE BTC_USDT:1 after 250000,
                                   | seller USDT 250000 TRADE BTC_USDT:1 after 250000`,
);

/** A test that the session goes as its script says. */
function rule(name: string, script: string): void {
  t.test(name, async t => session(t, script));
}
