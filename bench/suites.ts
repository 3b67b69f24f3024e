/** The suites of `npm run bench`, in the order in which it runs them. */
import { reportBook, reportEngine } from './engine/suites.js';
import { reportGrowth } from './growth/suite.js';
import { reportHttp } from './http/suite.js';
import type { Report } from './measuring/rows.js';
import { reportPipeline } from './pipeline/suite.js';
import { reportRecovery } from './recovery/suite.js';
import { reportWriter } from './writer/suite.js';
import { reportWs } from './ws/suite.js';

interface Suite {
  measures: string;
  floor: string;
  /** @param seconds of each measurement, instead of the suite's own */
  report: (seconds?: number) => Promise<Report>;
}

export const SUITES: Readonly<Record<string, Suite>> = {
  book: {
    measures: 'the same commands through the exchange and another order book; the cost of price levels',
    floor:
      '[nodejs-order-book](https://www.npmjs.com/package/nodejs-order-book), which has no balances; of the levels: an order on one that is there, in a small book',
    report: reportBook,
  },
  engine: {
    measures: 'the exchange alone, as fast as it goes and at 300,000 commands a second',
    floor:
      'of the throughput: each order into a table by its id, each cancel out of it; of the longest pause: a thread that only looks at the clock',
    report: reportEngine,
  },
  pipeline: {
    measures: 'a list that is full, through the real engine, to the durable commit of its last command',
    floor:
      'the same list taken and the same bytes committed by the same script, by an engine that does nothing',
    report: reportPipeline,
  },
  http: {
    measures: 'signed-in order entry from the socket to the disk and back, with the db-writer beside it',
    floor: 'the same HTTP library parses the same requests and answers the same bytes',
    report: reportHttp,
  },
  growth: {
    measures:
      'the same order entry with 1,000,000 orders resting, of 100,000 accounts in 100 markets; ratio: how many times slower',
    floor: 'an exchange that was empty',
    report: reportGrowth,
  },
  ws: {
    measures: 'trades to 1,000 and 10,000 sockets, one of them stuck: deliveries, delay, memory',
    floor: "the library's own publish of a constant, for the same requests",
    report: reportWs,
  },
  writer: {
    measures: 'a journal into Postgres by the real db-writer',
    floor: 'COPY of the same rows in as many transactions into tables without an index',
    report: reportWriter,
  },
  recovery: {
    measures: 'a start of the engine after everything has stopped, and the db-writer catching up',
    floor:
      'the same rows and the same journal read and thrown away; of the memory: an engine that has nothing to load; of the db-writer: as above',
    report: reportRecovery,
  },
};
