import type { AssembledTree } from '@kiln/assemble';
import { environmentTree, openNamed, treeMembers } from '@kiln/assemble';
import { digestOfValue } from '@kiln/base';
import type { BuiltImage } from './make-image.ts';
import type { ImageInputs, ImageReconcilerPorts } from './reconcile.ts';

/**
 * The root file systems of a test, lowest first: what the test adds, then the image itself, so that wherever both have a
 * file the image's is seen. An image whose test adds nothing is tested alone.
 */
export async function testRoots(
  ports: ImageReconcilerPorts,
  inputs: ImageInputs,
  image: BuiltImage,
  assembled: AssembledTree,
): Promise<readonly string[]> {
  const diffIds = image.layers.map((layer) => layer.diffId);
  const own = await ports.roots.ensure(digestOfValue({ root: 'image/1', diffIds }), () =>
    treeMembers(assembled),
  );
  const names = new Set(inputs.packages.map((one) => one.record.name));
  if (inputs.testPackages.every((one) => names.has(one.record.name))) return [own];
  const lock = inputs.testPackages.map(({ record }) => [
    record.name,
    record.version,
    record.checksum,
  ]);
  const added = await ports.roots.ensure(
    digestOfValue({ root: 'image-test/1', lock }),
    async function* members() {
      const packages = [];
      for (const { record, apk } of inputs.testPackages)
        packages.push(await openNamed(ports.opener, record, apk));
      yield* treeMembers(await environmentTree({ packages, arch: inputs.bundle.arch }));
    },
  );
  return [added, own];
}
