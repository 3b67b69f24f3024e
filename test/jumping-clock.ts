/**
 * Loaded into a process before anything else: its wall clock is off by the first of the milliseconds in CLOCK_OFFSETS,
 * and at each SIGUSR2 by the next.
 */
const offsets = (process.env.CLOCK_OFFSETS ?? '0').split(',').map(Number);
const now = Date.now.bind(Date);
Date.now = () => now() + offsets[0]!;
process.on('SIGUSR2', () => offsets.shift());
