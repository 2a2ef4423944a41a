import { expect, test } from 'vitest';
import { networkFault } from './network-fault.ts';

const fault = (code: string, message: string): unknown =>
  networkFault(Object.assign(new Error(message), { code }));

test('what does not pass by itself is told from what does', () => {
  expect(fault('ECONNRESET', 'socket hang up')).toMatchObject({
    text: 'socket hang up',
    passes: 'now',
  });
  expect(fault('ECONNREFUSED', 'refused')).toMatchObject({ text: 'refused', passes: 'later' });
  expect(fault('EPROTO', 'handshake failure')).toMatchObject({ passes: 'now' });
  expect(networkFault(new Error('no answer in time'))).toMatchObject({ passes: 'now' });
});

test('a registry without encryption, or with a certificate of nobody that is known, is named so', () => {
  expect(fault('EPROTO', 'error:0A00010B:SSL routines:x:wrong version number')).toMatchObject({
    text: 'it does not speak TLS',
    passes: 'never',
  });
  expect(
    fault('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate; try running Node.js with x'),
  ).toMatchObject({
    text: 'self-signed certificate',
    hint: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    passes: 'never',
  });
  expect(fault('ERR_TLS_CERT_ALTNAME_INVALID', 'no match')).toMatchObject({ passes: 'never' });
});
