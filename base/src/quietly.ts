/** Does what may fail without anybody minding, such as removing a temporary file that was perhaps never made. */
export function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // That it fails is said to be fine.
  }
}
