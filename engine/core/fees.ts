/** Fees: a fraction of what is received, rounded down to the asset's smallest unit. */
import { FEE_SCALE } from '../../shared/domain/units.js';

const SCALE = BigInt(FEE_SCALE);

/**
 * @param received smallest units, below 2^62
 * @param rate in 10^-8, below 10^8
 * Rounding down means that many small fills never cost more than one large one.
 */
export function feeOn(received: bigint, rate: number): bigint {
  return rate === 0 ? 0n : (received * BigInt(rate)) / SCALE;
}
