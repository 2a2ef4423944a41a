/**
 * How contents are cut into segments, in packages and in layers alike, so that a segment of the one serves in the other: contents of
 * files from this size on are cut for themselves, in parts of `pieceBytesMax`, and what lies between them is collected.
 */
export const pieceBytesMin: number = 16 * 1024;
export const pieceBytesMax: number = 1024 * 1024;
/** Headers, padding and small contents are collected up to this size. */
export const collectedBytesMax: number = 256 * 1024;

/** How hard segments are compressed. */
export const segmentLevel = 4;
