import { shellWord } from '@kiln/base';

/** The command by which a person checks an image's signature with cosign, to be copied into a shell. */
export function imageCheckCommand(image: {
  readonly key: string;
  readonly reference: string;
}): string {
  return `cosign verify --key ${shellWord(image.key)} --insecure-ignore-tlog --allow-http-registry ${shellWord(image.reference)}`;
}

/** The same for a package, whose file and bundle are in the folder that the person is in. */
export function packageCheckCommand(built: {
  readonly key: string;
  readonly bundle: string;
  readonly file: string;
}): string {
  const [key, bundle, file] = [built.key, built.bundle, built.file].map(shellWord);
  return `cosign verify-blob-attestation --key ${key} --insecure-ignore-tlog --type slsaprovenance1 --bundle ${bundle} ${file}`;
}
