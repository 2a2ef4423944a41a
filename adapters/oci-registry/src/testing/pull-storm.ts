import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { digestFromHex, digestOf, seededRandom } from '@kiln/base';
import type { Digest, Random } from '@kiln/base';
import { mediaTypes } from '@kiln/oci';

/**
 * Many clients that pull at once while tags move: manifests by tag and by digest, blobs, and parts of blobs. Meanwhile each
 * tag gets one image after another, each with a new layer. An answer counts when its status is right and its bytes are those of
 * their digest; an image that a tag names must not be older than what the registry had acknowledged when it was asked, nor
 * newer than what it was told until the answer was there. Once an image is acknowledged, all of it can be pulled.
 */
export interface PullStormOptions {
  /** Where the registry answers, without `/v2/`. */
  readonly base: string;
  /** Where the images go; nothing else may push there. */
  readonly repository: string;
  /** Clients that pull, each over a connection of its own. */
  readonly connections: number;
  /** Pulls of all of them together. */
  readonly pulls: number;
  /** Of each image's layer. */
  readonly layerBytes: number;
  readonly seed: number;
}

/** What came of it. */
export interface PullStorm {
  readonly pulls: number;
  readonly bytes: number;
  /** Of the pulls. */
  readonly seconds: number;
  /** Images that were pushed meanwhile, each of which moved a tag. */
  readonly moves: number;
  /** Connections that were open at once, those of pushes among them. */
  readonly connectionsMax: number;
  /** What was wrong, in the order in which it came. */
  readonly failures: readonly string[];
}

const tagNames = ['alpha', 'beta', 'gamma', 'delta'];

/** Does it. Throws where the first images cannot be pushed. */
export async function pullStorm(options: PullStormOptions): Promise<PullStorm> {
  const storm = new Storm(options);
  try {
    return await storm.run();
  } finally {
    storm.close();
  }
}

interface Image {
  readonly manifest: Buffer;
  readonly digest: Digest;
  readonly layer: Buffer;
  readonly layerDigest: Digest;
}

/** A tag and what it was moved to, oldest first. */
interface MovedTag {
  readonly name: string;
  /** Acknowledged, in their order. */
  readonly images: Image[];
  /** On its way: the tag may name it already. */
  next: Image | undefined;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly digest: Digest;
  readonly sizeBytes: number;
}

const config = Buffer.from('{}');

class Storm {
  readonly #options: PullStormOptions;
  readonly #agent: Agent;
  readonly #tags: readonly MovedTag[];
  readonly #failures: string[] = [];
  readonly #random: Random;
  #left: number;
  #bytes = 0;
  #connectionsMax = 0;

  constructor(options: PullStormOptions) {
    this.#options = options;
    // Pushes have connections beside those of pulls.
    const maxSockets = options.connections + tagNames.length;
    this.#agent = new Agent({ keepAlive: true, maxSockets });
    this.#tags = tagNames.map((name) => ({ name, images: [], next: undefined }));
    this.#random = seededRandom(options.seed);
    this.#left = options.pulls;
  }

  async run(): Promise<PullStorm> {
    const { connections, pulls } = this.#options;
    await this.#pushBlob(config, digestOf(config));
    for (const tag of this.#tags) await this.#move(tag);
    const startedAt = performance.now();
    let going = true;
    const movers = this.#tags.map(async (tag) => {
      while (going) await this.#guard(`moving ${tag.name}`, () => this.#move(tag));
    });
    await Promise.all(Array.from({ length: connections }, () => this.#puller()));
    const seconds = (performance.now() - startedAt) / 1000;
    going = false;
    await Promise.all(movers);
    for (const tag of this.#tags) await this.#readBack(tag);
    return {
      pulls,
      bytes: this.#bytes,
      seconds,
      moves: this.#tags.reduce((sum, { images }) => sum + images.length - 1, 0),
      connectionsMax: this.#connectionsMax,
      failures: this.#failures,
    };
  }

  close(): void {
    this.#agent.destroy();
  }

  async #puller(): Promise<void> {
    while (this.#left > 0) {
      this.#left -= 1;
      const tag = this.#one(this.#tags);
      const kind = this.#one(['tag', 'digest', 'blob', 'range'] as const);
      await this.#guard(`pulling by ${kind}`, () => this.#pull(kind, tag));
    }
  }

  async #pull(kind: 'tag' | 'digest' | 'blob' | 'range', tag: MovedTag): Promise<void> {
    const image = this.#one(tag.images);
    switch (kind) {
      case 'tag':
        return this.#pullByTag(tag);
      case 'digest':
        return this.#pullWhole(`manifests/${image.digest}`, image.digest);
      case 'blob':
        return this.#pullWhole(`blobs/${image.layerDigest}`, image.layerDigest);
      case 'range':
        return this.#pullRange(image);
    }
  }

  async #pullByTag(tag: MovedTag): Promise<void> {
    const acknowledged = tag.images.length - 1;
    const answer = await this.#call('GET', `manifests/${tag.name}`);
    this.#require(answer, 200, `manifests/${tag.name}`);
    const possible = [
      ...tag.images.slice(acknowledged),
      ...(tag.next === undefined ? [] : [tag.next]),
    ];
    if (!possible.some(({ digest }) => digest === answer.digest))
      throw new Error(`${tag.name} was ${answer.digest}, which it is not or not any more`);
    if (answer.headers['docker-content-digest'] !== answer.digest)
      throw new Error(`${tag.name} came with the digest of something else`);
  }

  async #pullWhole(path: string, digest: Digest): Promise<void> {
    const answer = await this.#call('GET', path);
    this.#require(answer, 200, path);
    if (answer.digest !== digest) throw new Error(`${path} was ${answer.sizeBytes} other bytes`);
  }

  async #pullRange({ layer, layerDigest }: Image): Promise<void> {
    const start = Math.floor(this.#random.next() * layer.length);
    const end = Math.min(layer.length - 1, start + Math.floor(this.#random.next() * layer.length));
    const path = `blobs/${layerDigest}`;
    const answer = await this.#call('GET', path, { headers: { range: `bytes=${start}-${end}` } });
    this.#require(answer, 206, path);
    if (answer.headers['content-range'] !== `bytes ${start}-${end}/${layer.length}`)
      throw new Error(`${path} came as ${answer.headers['content-range']}`);
    if (answer.digest !== digestOf(layer.subarray(start, end + 1)))
      throw new Error(`${path} from ${start} to ${end} was ${answer.sizeBytes} other bytes`);
  }

  /** Everything that was acknowledged is there, and the tag names the last of it. */
  async #readBack(tag: MovedTag): Promise<void> {
    await this.#guard('reading back', () => this.#pullByTag(tag));
    for (const { digest, layerDigest } of tag.images) {
      await this.#guard('reading back', () => this.#pullWhole(`manifests/${digest}`, digest));
      await this.#guard('reading back', () => this.#pullWhole(`blobs/${layerDigest}`, layerDigest));
    }
  }

  async #move(tag: MovedTag): Promise<void> {
    const layer = Buffer.alloc(this.#options.layerBytes, this.#random.id(251), 'hex');
    const layerDigest = digestOf(layer);
    await this.#pushBlob(layer, layerDigest);
    const manifest = manifestOf(layer, layerDigest);
    const image = { manifest, digest: digestOf(manifest), layer, layerDigest };
    tag.next = image;
    const path = `manifests/${tag.name}`;
    const headers = { 'content-type': mediaTypes.manifest };
    const answer = await this.#call('PUT', path, { body: manifest, headers });
    this.#require(answer, 201, `PUT ${path}`);
    tag.images.push(image);
    tag.next = undefined;
  }

  async #pushBlob(bytes: Buffer, digest: Digest): Promise<void> {
    const opened = await this.#call('POST', 'blobs/uploads/');
    this.#require(opened, 202, 'POST of an upload');
    const place = new URL(opened.headers.location ?? '', this.#options.base);
    place.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream' };
    this.#require(await this.#call('PUT', place, { body: bytes, headers }), 201, 'PUT of a blob');
  }

  async #guard(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #call(
    method: string,
    path: string | URL,
    {
      body = Buffer.alloc(0),
      headers = {},
    }: { readonly body?: Buffer; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Answer> {
    const address = new URL(path, `${this.#options.base}/v2/${this.#options.repository}/`);
    const accept = { accept: mediaTypes.manifest, 'content-length': `${body.length}` };
    return new Promise((resolve, reject) => {
      const sent = request(address, {
        method,
        agent: this.#agent,
        headers: { ...accept, ...headers },
      });
      sent.once('error', reject);
      sent.once('socket', () => this.#count());
      sent.once('response', (response) => {
        const hash = createHash('sha256');
        let sizeBytes = 0;
        response.on('data', (chunk: Buffer) => {
          sizeBytes += chunk.length;
          hash.update(chunk);
        });
        response.once('error', reject);
        response.once('end', () => {
          if (method === 'GET') this.#bytes += sizeBytes;
          const { statusCode: status = 0, headers: received } = response;
          const digest = digestFromHex(hash.digest('hex'));
          resolve({ status, headers: received, digest, sizeBytes });
        });
      });
      sent.end(body);
    });
  }

  #count(): void {
    const open = [this.#agent.sockets, this.#agent.freeSockets]
      .flatMap((lists) => Object.values(lists))
      .reduce((sum, list) => sum + (list?.length ?? 0), 0);
    this.#connectionsMax = Math.max(this.#connectionsMax, open);
  }

  #require({ status }: Answer, wanted: number, what: string): void {
    if (status !== wanted) throw new Error(`${what} was answered with ${status}`);
  }

  #one<T>(of: readonly T[]): T {
    return of[Math.floor(this.#random.next() * of.length)] as T;
  }
}

function manifestOf(layer: Buffer, layerDigest: Digest): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: { mediaType: mediaTypes.config, size: config.length, digest: digestOf(config) },
      layers: [{ mediaType: mediaTypes.layer, size: layer.length, digest: layerDigest }],
    }),
  );
}
