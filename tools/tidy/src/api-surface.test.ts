import { describe, expect, test } from 'vitest';
import { apiSurface, exportsIn } from './api-surface.ts';
import { generated, readText, workspaces } from './repository.ts';

describe('what packages export', () => {
  test('is what docs/api-surface.txt shows (KILN_UPDATE=1 rewrites it)', () => {
    const { found, wanted } = generated('docs/api-surface.txt', apiSurface());
    expect(found).toBe(wanted);
  });

  test('is named one by one', () => {
    const stars = workspaces().flatMap((workspace) =>
      Object.values(workspace.exports)
        .filter((file) => file.endsWith('.ts'))
        .map((file) => `${workspace.folder}/${file.slice(2)}`)
        .filter((file) => /^export \*/m.test(readText(file))),
    );
    expect(stars).toEqual([]);
  });

  test('is found in lists and in declarations', () => {
    const text =
      "export type { A, B as C } from './a.ts';\nexport {\n  d,\n  e as f,\n} from './d.ts';\nexport const g = 1;\nexport async function h() {}\nexport interface I {}\nexport class J {}\n";
    expect(exportsIn(text)).toEqual(['J', 'd', 'f', 'g', 'h', 'type A', 'type C', 'type I']);
  });
});
