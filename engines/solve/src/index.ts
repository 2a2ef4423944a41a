export type { SolverDialect } from './atom.ts';
export type { GuestKeys, GuestLock, GuestPackage, GuestRequest } from './guest-lock.ts';
export { guestKeys, guestRepositories, lockGuest } from './guest-lock.ts';
export type { ArchIndexes, ImageLock, ImageLockRequest, LockedImage } from './image-lock.ts';
export { imageWorld, lockImages, solveImage, solveImages } from './image-lock.ts';
export { partialSolve } from './partial-solve.ts';
export { packageAddress } from './package-address.ts';
export type { Candidate, PreparedIndexes } from './prepared.ts';
export { prepareIndexes } from './prepared.ts';
export type { SolveOptions } from './solve.ts';
export { solve, unsolvedText } from './solve.ts';
export type {
  RepositoryIndex,
  Solution,
  Solve,
  Solved,
  Unsolved,
  UnsolvedReason,
} from './types.ts';
