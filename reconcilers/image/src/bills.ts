import type { AssembledTree } from '@kiln/assemble';
import { imageFacts, openNamed, packageBill } from '@kiln/assemble';
import { composeCyclonedx } from '@kiln/cyclonedx';
import { composeSpdx } from '@kiln/spdx';
import type { BuiltImage } from './make-image.ts';
import type { ImageInputs, ImageReconcilerPorts } from './reconcile.ts';

/** The bills of materials of one manifest or index: canonical JSON in pieces. */
export interface ImageBills {
  readonly spdx: readonly Uint8Array[];
  /** The index has none: the one of the platform's manifest says all that it could. */
  readonly cyclonedx?: readonly Uint8Array[];
}

/** The bills of materials of the platform's manifest, of parts that are made once for each package. */
export async function imageBills(
  ports: Pick<ImageReconcilerPorts, 'bills' | 'builder' | 'opener'>,
  request: {
    readonly inputs: ImageInputs;
    readonly image: BuiltImage;
    readonly assembled: AssembledTree;
  },
): Promise<ImageBills> {
  const { inputs, image, assembled } = request;
  const facts = await imageFacts({
    assembled,
    arch: inputs.bundle.arch,
    manifest: image.manifest.descriptor,
    layers: image.layers.map((layer) => layer.descriptor),
    repositoryName: inputs.bundle.name,
    tool: ports.builder,
    vcsUrl: inputs.config.vcsUrl,
  });
  const parts = [];
  for (const { record, apk } of inputs.packages)
    parts.push(
      await packageBill(ports.bills, {
        apk,
        distribution: facts.osRelease?.id ?? '',
        open: () => openNamed(ports.opener, record, apk),
      }),
    );
  return {
    spdx: composeSpdx(
      facts,
      parts.map((one) => one.spdx),
    ),
    cyclonedx: composeCyclonedx(
      facts,
      parts.map((one) => one.cyclonedx),
    ),
  };
}
