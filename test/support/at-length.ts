/**
 * How much a random test tries: `npm test` has to be done in minutes on a small machine, `.ci/run` sets FLOTILLA_AT_LENGTH for the
 * tests that are worth more of it.
 */
export const atLength = (whole: number, short: number): number => (process.env['FLOTILLA_AT_LENGTH'] ? whole : short)
