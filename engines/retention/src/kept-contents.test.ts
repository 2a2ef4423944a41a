import type { Digest } from '@kiln/base';
import { digestOf } from '@kiln/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeldManifest, RepositoryContents } from './kept-contents.ts';
import { keptContents } from './kept-contents.ts';

const ages = { untaggedSince: 100, blobsSince: 200 };

function manifest(name: string, more: Partial<HeldManifest> = {}): HeldManifest {
  return {
    digest: digestOf(name),
    sizeBytes: 1,
    subject: undefined,
    holds: [],
    pushedAt: 0,
    ...more,
  };
}

const blob = (name: string, linkedAt = 0): RepositoryContents['blobs'][number] => ({
  digest: digestOf(name),
  sizeBytes: 1,
  linkedAt,
});

const holds = (...names: readonly string[]): readonly Digest[] =>
  names.map((name) => digestOf(name));

const none: RepositoryContents = { manifests: [], blobs: [], tags: [], history: [] };

function keptNames(contents: Partial<RepositoryContents>, names: readonly string[]): string[] {
  const kept = keptContents({ ...none, ...contents }, ages);
  return names.filter((name) => kept.has(digestOf(name)));
}

describe('what a repository keeps', () => {
  it('is what a tag names or named, with everything that it lists and that speaks of it', () => {
    const contents = {
      manifests: [
        manifest('index', { holds: holds('amd64', 'arm64') }),
        manifest('amd64', { holds: holds('config', 'layer') }),
        manifest('arm64', { holds: holds('config', 'layer') }),
        manifest('signature', { subject: digestOf('amd64'), holds: holds('bundle') }),
        manifest('of the signature', { subject: digestOf('signature') }),
        manifest('before', { holds: holds('layer before') }),
        manifest('stray', { holds: holds('stray layer', 'layer') }),
        manifest('of the stray', { subject: digestOf('stray') }),
      ],
      blobs: ['config', 'layer', 'bundle', 'layer before', 'stray layer', 'upload'].map((name) =>
        blob(name),
      ),
      tags: [{ tag: 'latest', digest: digestOf('index') }],
      history: [{ tag: 'latest', digest: digestOf('before') }],
    };
    const all = [...contents.manifests, ...contents.blobs].map((one) => one.digest);
    const kept = keptContents(contents, ages);
    expect(new Set(all.filter((digest) => !kept.has(digest)))).toEqual(
      new Set(holds('stray', 'of the stray', 'stray layer', 'upload')),
    );
    expect(kept.get(digestOf('before'))).toEqual({ kind: 'history', tag: 'latest' });
    expect(kept.get(digestOf('bundle'))).toEqual({ kind: 'held', by: digestOf('signature') });
    expect(kept.get(digestOf('signature'))).toEqual({ kind: 'about', subject: digestOf('amd64') });
  });

  it('is what was used lately, of manifests with what they list', () => {
    const contents = {
      manifests: [
        manifest('young', { pushedAt: 100, holds: holds('its layer') }),
        manifest('old', { pushedAt: 99, holds: holds('old layer') }),
      ],
      blobs: [blob('its layer'), blob('old layer', 199), blob('fresh', 200)],
    };
    const names = ['young', 'old', 'its layer', 'old layer', 'fresh'];
    expect(keptNames(contents, names)).toEqual(['young', 'its layer', 'fresh']);
  });

  it('is everything, while nobody knows what one of its manifests lists', () => {
    const contents = { manifests: [manifest('unread', { holds: undefined })], blobs: [blob('a')] };
    expect(keptNames(contents, ['unread', 'a'])).toEqual(['unread', 'a']);
    expect(keptContents({ ...none, ...contents }, ages).get(digestOf('a'))).toEqual({
      kind: 'unread',
      manifest: digestOf('unread'),
    });
  });

  it('is closed: nothing that is kept lists or is spoken of by what is not, in circles too', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const one = fc.record({
      name,
      holds: fc.array(name, { maxLength: 3 }),
      subject: fc.option(name, { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(one, { selector: (each) => each.name }), name, (list, tagged) => {
        const manifests = list.map((each) =>
          manifest(each.name, {
            holds: holds(...each.holds),
            subject: each.subject === undefined ? undefined : digestOf(each.subject),
          }),
        );
        const tags = [{ tag: 'latest', digest: digestOf(tagged) }];
        const kept = keptContents({ ...none, manifests, tags }, ages);
        const missing = manifests.flatMap((each) => [
          ...(each.subject !== undefined && kept.has(each.subject) ? [each.digest] : []),
          ...(kept.has(each.digest) ? (each.holds ?? []) : []),
        ]);
        expect(missing.filter((digest) => !kept.has(digest))).toEqual([]);
        expect(kept.has(digestOf(tagged))).toBe(true);
      }),
    );
  });
});
