/** The numbers of advisory locks, together so that no two are one. */
export const advisoryLocks = {
  /** Keeps two processes from migrating one database at once. */
  migration: 7_104_001,
  /** Claims of keys come one after another. */
  claim: 7_104_002,
  /** Sweeps do too. */
  sweep: 7_104_003,
} as const;
