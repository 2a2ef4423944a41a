import { javaTrustPassword } from './java-trust.ts';

/** Where the relay listens in the guest. */
export const relayPort = 3128;

const host = '127.0.0.1';
const address = `http://${host}:${relayPort}`;

/** The certificate of the build's authority in the guest: as PEM, and as a trust store for Java. */
export const certificatePath = '/run/kiln/network.pem';
export const javaTrustPath = '/run/kiln/network.jks';

/**
 * Where programs look that no variable tells, such as wget with GnuTLS and OpenSSL's own default in most distributions. No
 * other authority is of use: whatever a step reaches, the proxy answers.
 */
export const systemBundlePath = '/etc/ssl/certs/ca-certificates.crt';

const proxied = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

/** By which programs and their libraries find whom to trust. Go, Ruby, uv and what uses OpenSSL read `SSL_CERT_FILE`. */
const trusting = [
  'SSL_CERT_FILE',
  'AWS_CA_BUNDLE',
  'CARGO_HTTP_CAINFO',
  'CURL_CA_BUNDLE',
  'DENO_CERT',
  'GIT_SSL_CAINFO',
  'HEX_CACERTS_PATH',
  'NIX_SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'PERL_LWP_SSL_CA_FILE',
  'PIP_CERT',
  'REQUESTS_CA_BUNDLE',
  'YARN_HTTPS_CA_FILE_PATH',
  'npm_config_cafile',
];

const local = 'localhost,127.0.0.1,::1';

/** What steps have in their environment, whatever the recipe says. */
export const guestVariables: Readonly<Record<string, string>> = {
  ...Object.fromEntries(proxied.map((name) => [name, address])),
  ...Object.fromEntries(trusting.map((name) => [name, certificatePath])),
  NO_PROXY: local,
  no_proxy: local,
  // Node's fetch reads the variables only when it is told to.
  NODE_USE_ENV_PROXY: '1',
  YARN_HTTP_PROXY: address,
  YARN_HTTPS_PROXY: address,
};

/** Java reads none of these variables. */
const javaProperties: Readonly<Record<string, string>> = {
  'http.proxyHost': host,
  'http.proxyPort': String(relayPort),
  'https.proxyHost': host,
  'https.proxyPort': String(relayPort),
  'http.nonProxyHosts': 'localhost|127.*|[::1]',
  'javax.net.ssl.trustStore': javaTrustPath,
  'javax.net.ssl.trustStoreType': 'JKS',
  'javax.net.ssl.trustStorePassword': javaTrustPassword,
  // Maven's own HTTP client, since 3.9, goes by the others only when it is told to.
  'aether.connector.http.useSystemProperties': 'true',
};

/** Options in variables that a recipe may have options in, too: they are added to these. */
export const guestOptions: Readonly<Record<string, string>> = {
  JAVA_TOOL_OPTIONS: Object.entries(javaProperties)
    .map(([name, value]) => `-D${name}=${value}`)
    .join(' '),
};
