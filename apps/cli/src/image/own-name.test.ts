import { expect, test } from 'vitest';
import type { Config } from '../config.ts';
import { parseOwnName } from './own-name.ts';

const config = { home: '/nowhere', port: 7420 } as Config;

test.each(['team/nginx:v1', 'localhost:7420/team/nginx:v1', '127.0.0.1:7420/team/nginx:v1'])(
  '%s is an image of this factory',
  (text) => {
    expect(parseOwnName(config, text)).toMatchObject({ repository: 'team/nginx', tag: 'v1' });
  },
);

test.each(['registry.example.org/team/nginx', 'localhost:7421/team/nginx', 'localhost/team/nginx'])(
  '%s is none',
  (text) => {
    expect(() => parseOwnName(config, text)).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: expect.stringContaining('team/nginx') }),
    );
  },
);
