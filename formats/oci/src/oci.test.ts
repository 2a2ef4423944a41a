import { describe, expect, test } from 'vitest';
import { digestOf } from '@kiln/base';
import {
  descriptorOf,
  documentBytesMax,
  emptyDescriptor,
  goJson,
  isRepositoryName,
  isTag,
  mediaTypes,
  parseConfig,
  parseIndex,
  parseManifest,
  parseManifestDocument,
  parseReference,
  printConfig,
  printIndex,
  printManifest,
  printReference,
  referrerDescriptor,
} from './index.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('goJson', () => {
  test('escapes what Go escapes and nothing else', () => {
    expect(goJson('<a href="x">&\u2028\u2029\u0001\n\u007fé')).toBe(
      '"\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028\\u2029\\u0001\\n\u007fé"',
    );
  });

  test('a lone surrogate becomes the replacement escape, a pair stays', () => {
    expect(goJson('a\ud800b\\ud800😀')).toBe('"a\\ufffdb\\\\ud800😀"');
  });

  test('maps are sorted bytewise, objects keep their order, undefined is left out', () => {
    expect(
      goJson({
        z: 1,
        a: undefined,
        m: new Map([
          ['b', 1],
          ['10', 2],
          ['9', 3],
        ]),
      }),
    ).toBe('{"z":1,"m":{"10":2,"9":3,"b":1}}');
  });

  test('indentation prints empty lists and objects on one line', () => {
    expect(goJson({ a: [], b: { c: [1] } }, { indent: 2 })).toBe(
      '{\n  "a": [],\n  "b": {\n    "c": [\n      1\n    ]\n  }\n}',
    );
  });
});

describe('documents', () => {
  const layer = { mediaType: mediaTypes.layerGzip, sizeBytes: 3, digest: digestOf('abc') };
  const manifest = {
    mediaType: mediaTypes.manifest,
    config: emptyDescriptor,
    layers: [layer],
    annotations: { b: '<', a: '1' },
  };

  test('a manifest has a fixed member order', () => {
    expect(decode(printManifest(manifest))).toBe(
      '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","data":"e30="},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":3,"digest":"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}],"annotations":{"a":"1","b":"\\u003c"}}',
    );
  });

  test('what is printed parses to the same value', () => {
    expect(parseManifest(printManifest(manifest))).toMatchObject(manifest);
    const index = {
      mediaType: mediaTypes.index,
      manifests: [{ ...layer, platform: { architecture: 'arm', os: 'linux', variant: 'v7' } }],
    };
    expect(parseIndex(printIndex(index))).toMatchObject(index);
    const config = {
      architecture: 'amd64',
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      history: [{ author: 'a', createdBy: 'b' }],
      diffIds: [layer.digest],
      config: { cmd: ['sh'], env: ['A=b'], volumes: ['/data'], user: '0' },
    };
    expect(parseConfig(printConfig(config))).toMatchObject(config);
  });

  test('unknown members and nulls in place of lists are tolerated', () => {
    const text = `{"schemaVersion":2,"new":1,"config":${JSON.stringify({ mediaType: 'x/y', size: 0, digest: digestOf('') })},"layers":null}`;
    expect(parseManifest(encode(text)).layers).toEqual([]);
  });

  test.each([
    ['not JSON', '{'],
    ['another schema version', '{"schemaVersion":1,"config":{},"layers":[]}'],
    [
      'a negative size',
      `{"schemaVersion":2,"config":{"mediaType":"a/b","size":-1,"digest":"${digestOf('')}"},"layers":[]}`,
    ],
    [
      'a fractional size',
      `{"schemaVersion":2,"config":{"mediaType":"a/b","size":1.5,"digest":"${digestOf('')}"},"layers":[]}`,
    ],
    [
      'a digest that is a path',
      '{"schemaVersion":2,"config":{"mediaType":"a/b","size":1,"digest":"../../etc/passwd"},"layers":[]}',
    ],
    ['a list', '[]'],
    ['a byte order mark', `\ufeff${decode(printManifest(manifest))}`],
  ])('%s is refused', (_name, text) => {
    expect(() => parseManifest(encode(text))).toThrow(
      expect.objectContaining({ code: 'OCI_MANIFEST_INVALID' }),
    );
  });

  describe('what readers would take differently is refused', () => {
    const member = JSON.stringify({ mediaType: 'x/y', size: 0, digest: digestOf('') });
    const manifestWith = (more: string, config = member): Uint8Array =>
      encode(`{"schemaVersion":2,"config":${config},"layers":[${member}]${more}}`);
    const withMember = (more: string): Uint8Array =>
      manifestWith('', member.replace('}', `,${more}}`));

    test.each([
      ['a name twice', manifestWith(',"layers":[]'), 'a member "layers" is there twice'],
      ['one of them escaped', manifestWith(', "l\\u0061yers" : []'), '"layers" is there twice'],
      [
        'an annotation twice',
        manifestWith(',"annotations":{"a":"b","a":"c"}'),
        '"a" is there twice',
      ],
      ['a name twice somewhere', manifestWith(',"new":[{"a":{}},{"a":1,"a":2}]'), '"a" is there'],
      ['another case', manifestWith(',"Layers":[]'), 'Layers: some readers take it for "layers"'],
      ['a letter that folds', manifestWith(',"layerſ":[]'), 'some readers take it for "layers"'],
      ['a media type', manifestWith(',"MEDIATYPE":"a/b"'), 'some readers take it for "mediaType"'],
      ['a digest', withMember('"Digest":"sha256:0"'), 'config.Digest: some readers take it'],
      [
        'a platform',
        withMember('"platform":{"os":"a","architecture":"b","OS":"c"}'),
        'platform.OS',
      ],
    ])('%s', (_name, bytes, words) => {
      expect(() => parseManifest(bytes)).toThrow(words);
    });

    test.each([
      [
        'a config',
        '"config":{"Env":[],"env":["A=b"]}',
        'config.env: some readers take it for "Env"',
      ],
      ['a root', '"RootFS":{}', 'RootFS: some readers take it for "rootfs"'],
    ])('%s', (_name, more, words) => {
      const head = '{"architecture":"a","os":"b","rootfs":{"type":"layers","diff_ids":[]}';
      expect(() => parseConfig(encode(`${head},${more}}`))).toThrow(words);
    });

    test("names that are nobody's, of annotations and in texts are not", () => {
      const annotations = '{"a":"b","A":"{\\"a\\":1,\\"a\\":2}","layers":"\\\\","Layers":""}';
      const other = '"new":{"layers":1,"Layers":2},"New":[{"a":1},{"a":2}]';
      const { layers } = parseManifest(manifestWith(`,"annotations":${annotations},${other}`));
      expect(layers).toHaveLength(1);
    });
  });

  test('a document above the limit is refused before it is parsed', () => {
    expect(() => parseManifest(new Uint8Array(documentBytesMax + 1))).toThrow(
      expect.objectContaining({ code: 'OCI_DOCUMENT_TOO_LARGE' }),
    );
  });

  test('a content type that contradicts the document is refused', () => {
    expect(() => parseManifestDocument(printManifest(manifest), mediaTypes.index)).toThrow(
      expect.objectContaining({ code: 'OCI_MEDIA_TYPE_UNKNOWN' }),
    );
  });

  test('a referrer without artifact type is listed by its config media type', () => {
    const bytes = printManifest({
      ...manifest,
      config: { ...layer, mediaType: 'text/x' },
      subject: descriptorOf('a/b', encode('s')),
    });
    expect(referrerDescriptor(bytes)).toEqual({
      mediaType: mediaTypes.manifest,
      sizeBytes: bytes.length,
      digest: digestOf(bytes),
      annotations: manifest.annotations,
      artifactType: 'text/x',
    });
  });
});

describe('references', () => {
  const digest = digestOf('x');
  test.each([
    ['localhost/a', { registry: 'localhost', repository: 'a', tag: undefined, digest: undefined }],
    [
      `h.example:5000/a/b:1.2@${digest}`,
      { registry: 'h.example:5000', repository: 'a/b', tag: '1.2', digest },
    ],
    ['[::1]:80/a:t', { registry: '[::1]:80', repository: 'a', tag: 't', digest: undefined }],
    ['team/app', { registry: '', repository: 'team/app', tag: undefined, digest: undefined }],
  ])('%s is split into its parts and printed again', (text, parts) => {
    expect(parseReference(text)).toEqual(parts);
    expect(printReference(parseReference(text))).toBe(text);
  });

  test.each([
    '',
    'A/b',
    'h.example/',
    'h.example/a:',
    'h.example/a@sha256:12',
    'h.example/../a',
    'a b',
    'h.example:x/a',
    `a@${digest}@${digest}`,
  ])('"%s" is refused', (text) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({ code: 'OCI_REFERENCE_INVALID' }),
    );
  });

  test('names and tags keep to the grammar of the distribution specification', () => {
    expect(['a', 'a/b-c', 'a__b', 'a--b'].every(isRepositoryName)).toBe(true);
    expect(['', 'a/', '/a', 'a..b', 'a_', 'a___b', 'a'.repeat(256)].some(isRepositoryName)).toBe(
      false,
    );
    expect(isTag('_x')).toBe(true);
    expect(['', '.x', '-x', 'a/b', 'a'.repeat(129)].some(isTag)).toBe(false);
  });
});
