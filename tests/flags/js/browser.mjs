// What a page does: OpenFeature's web SDK with the OFREP web provider. Tells everything that happens, one JSON a line;
// reads one flag's key a line and tells its details. Node has neither EventSource nor an Origin of its own: both are given.
import readline from 'node:readline';
import { EventSource } from 'eventsource';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';

const [baseUrl, key, origin, context] = process.argv.slice(2);
const tell = (what) => process.stdout.write(JSON.stringify(what) + '\n');

globalThis.EventSource = class extends EventSource {
  constructor(url) {
    super(url, { fetch: (address, options) => fetch(address, { ...options, headers: { ...options.headers, origin } }) });
    this.addEventListener('open', () => tell({ stream: 'open' }));
    this.addEventListener('error', (event) => tell({ stream: this.readyState === 2 ? 'closed' : 'cut', code: event.code }));
  }
};

const fetchImplementation = async (request, options) => {
  const sent = new Request(request, { headers: { ...Object.fromEntries(request.headers), origin } });
  const answer = await fetch(sent, options);
  tell({ fetched: answer.status });
  return answer;
};

OpenFeature.addHandler(ProviderEvents.ConfigurationChanged, (event) => tell({ changed: event.flagsChanged }));
await OpenFeature.setContext(JSON.parse(context));
try {
  await OpenFeature.setProviderAndWait(
    new OFREPWebProvider({ baseUrl, headers: [['Authorization', `Bearer ${key}`]], cacheMode: 'disabled', fetchImplementation }),
  );
  tell({ ready: true });
} catch (error) {
  tell({ ready: false, why: String(error) });
}
const flags = OpenFeature.getClient();
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [type, flag] = line.split(' ');
  const ask = { boolean: () => flags.getBooleanDetails(flag, false), string: () => flags.getStringDetails(flag, 'none') };
  tell({ flag, ...ask[type]() });
}
await OpenFeature.close();
process.exit(0);
