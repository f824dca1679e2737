// OHIF, a viewer that nobody here wrote: its prebuilt pages on an origin of their own, and a browser that looks at them.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { createRequire } from 'node:module';

const root = new URL('../../../', import.meta.url).pathname;
export const ohifFolder = process.env.OHIF_DIST ?? join(root, '.cache/ohif/dist');

const fromWeb = createRequire(join(root, 'web/package.json'));
const { chromium } = fromWeb('playwright-core');

const types = {
  '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm', '.json': 'application/json',
  '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.png': 'image/png', '.ico': 'image/x-icon',
};

/** A configuration of OHIF for an archive that asks for a token. It is sent as the text of a script, so it may hold functions. */
function appConfig(dicomweb, token) {
  const source = {
    namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
    sourceName: 'larmor',
    configuration: {
      friendlyName: 'Larmor', name: 'larmor',
      wadoUriRoot: dicomweb, qidoRoot: dicomweb, wadoRoot: dicomweb,
      qidoSupportsIncludeField: true, supportsFuzzyMatching: true, supportsWildcard: true,
      imageRendering: 'wadors', thumbnailRendering: 'wadors', thumbnailRequestStrategy: 'fetch',
      enableStudyLazyLoad: true, dicomUploadEnabled: false, omitQuotationForMultipartRequest: false,
      bulkDataURI: { enabled: true },
    },
  };
  const rest = {
    routerBasename: null, modes: [], customizationService: {}, showStudyList: true,
    maxNumberOfWebWorkers: 1, showWarningMessageForCrossOrigin: true, showCPUFallbackMessage: true, showLoadingIndicator: true,
    strictZSpacingForVolumeViewport: true, maxNumRequests: { interaction: 100, thumbnail: 5, prefetch: 25 },
    investigationalUseDialog: { option: 'never' }, defaultDataSourceName: 'larmor', dataSources: [source],
  };
  // The same as in docs/operating/viewers.md, which a person copies.
  return `window.config = ${JSON.stringify(rest)};
window.config.extensions = [{
  id: 'token',
  preRegistration: ({ servicesManager }) => servicesManager.services.userAuthenticationService.setServiceImplementation({
    getAuthorizationHeader: () => ({ Authorization: ${JSON.stringify(`Bearer ${token}`)} }),
  }),
}];`;
}

function fileOf(url) {
  const path = normalize(decodeURIComponent(new URL(url, 'http://x').pathname));
  const file = join(ohifFolder, path);
  // Routes of the page are no files: all of them are index.html.
  return existsSync(file) && statSync(file).isFile() ? file : join(ohifFolder, 'index.html');
}

/** Serves OHIF's pages and its configuration; `configure` says where the archive is. */
export async function serveOhif() {
  let config = '';
  const server = createServer((request, response) => {
    if (request.url.startsWith('/app-config.js')) {
      response.writeHead(200, { 'Content-Type': types['.js'] }).end(config);
      return;
    }
    if (request.url === '/blank') {
      response.writeHead(200, { 'Content-Type': types['.html'] }).end('<!doctype html><title>a page of this origin</title>');
      return;
    }
    const file = fileOf(request.url);
    response.writeHead(200, { 'Content-Type': types[extname(file)] ?? 'application/octet-stream', 'Cache-Control': 'max-age=3600' });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    configure: (dicomweb, token) => { config = appConfig(dicomweb, token); },
    stop: () => { server.closeAllConnections(); return new Promise((resolve) => server.close(resolve)); },
  };
}

export function launchBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
}
