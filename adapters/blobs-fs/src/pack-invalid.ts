import { KilnError } from '@kiln/base';

/** `BLOB_PACK_INVALID`: a pack is damaged, or was not written by Kiln. */
export function packInvalid(pack: string, reason: string, cause?: unknown): KilnError {
  return new KilnError('BLOB_PACK_INVALID', `pack ${pack}: ${reason}`, {
    hint: 'look at the disk; what was in the pack has to be made again',
    details: { pack },
    cause,
  });
}
