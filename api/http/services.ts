/** What the handlers of the routes work with. */
import type { Asset } from '../../shared/domain/entities.js';
import type { Accounts } from '../accounts.js';
import type { Catalog, KnownMarket } from '../catalog.js';
import type { Engine } from '../engine-client.js';
import { ApiError } from '../errors.js';
import type { Health } from '../health.js';
import type { History } from '../history.js';
import type { MarketData } from '../market-data.js';
import type { ReportLog } from '../report-log.js';
import type { Signup } from '../signup.js';
import type { Tokens } from '../tokens.js';
import type { Watermark } from '../watermark.js';

export interface Services {
  readonly engine: Engine;
  readonly catalog: Catalog;
  readonly marketData: MarketData;
  readonly accounts: Accounts;
  readonly tokens: Tokens;
  readonly signup: Signup;
  readonly history: History;
  readonly reports: ReportLog;
  readonly watermark: Watermark;
  readonly health: Health;
}

export function knownMarket({ catalog }: Services, name: string): KnownMarket {
  const market = catalog.market(name);
  if (market === undefined) throw new ApiError('UNKNOWN_MARKET', 'market: no such market', 'market');
  return market;
}

export function knownAsset({ catalog }: Services, name: string, field = 'asset'): Asset {
  const asset = catalog.asset(name);
  if (asset === undefined) throw new ApiError('UNKNOWN_ASSET', `${field}: no such asset`, field);
  return asset;
}
