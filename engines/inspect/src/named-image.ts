import type { Digest } from '@kiln/base';
import type { ImageSource } from '@kiln/trust';

/** An image that somebody names. */
export interface NamedImage extends ImageSource {
  /** Its name, or its place. */
  readonly text: string;
  /** What helps where a part of it is damaged. */
  readonly repair: string;
  /** The digest that the name means now. Throws `IMAGE_NOT_FOUND`, `IMAGE_CONTENT`. */
  resolve(): Promise<Digest>;
}
