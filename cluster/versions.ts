/** The engines of the cluster: what is built and what is looked for. To change a version, change it here. */

export const TEMPORAL = {
  module: 'go.temporal.io/server',
  version: '1.32.1',
  /** Of the module's content, as Go's checksum database has it. */
  sum: 'h1:grI5B5cBEMRJnDzGKtsxQRQpsNPisej1B6WgVksc9EM=',
  licence: 'MIT',
  /** The oldest Go that builds it. */
  go: '1.26.8',
} as const;

/** Temporal's driver `postgres12` says what it needs; Debian 12 has 15. */
export const POSTGRES = { oldest: 12, licence: 'PostgreSQL' } as const;
