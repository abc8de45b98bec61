// What an application's server does: OpenFeature's server SDK with the OFREP provider. Reads one question a line and tells
// the details of the answer, one JSON a line.
import readline from 'node:readline';
import { OpenFeature } from '@openfeature/server-sdk';
import { OFREPProvider } from '@openfeature/ofrep-provider';

const [baseUrl, key] = process.argv.slice(2);
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl, headers: [['Authorization', `Bearer ${key}`]] }));
const flags = OpenFeature.getClient();
const ask = {
  boolean: (flag, context) => flags.getBooleanDetails(flag, false, context),
  string: (flag, context) => flags.getStringDetails(flag, 'none', context),
  number: (flag, context) => flags.getNumberDetails(flag, -1, context),
  object: (flag, context) => flags.getObjectDetails(flag, {}, context),
};
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { type, flag, context } = JSON.parse(line);
  process.stdout.write(JSON.stringify(await ask[type](flag, context)) + '\n');
}
await OpenFeature.close();
process.exit(0);
