// node guides.mjs ORGWIRE BY-HAND DEPLOYED [PICTURES]: see .ci/guides. BY-HAND and DEPLOYED are projects whose orgs are served.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const [orgwire, byHand, deployed, pictures] = process.argv.slice(2);
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const FULL = 'Full access (full)';
const REFRESH = 'Perform requests at any time (refresh_token, offline_access)';
const API = 'Manage user data via APIs (api)';

const ready = Object.fromEntries(
  [byHand, deployed].map((project) => [project, JSON.parse(readFileSync(`${project}/ready.json`, 'utf8'))]),
);
const integration = (project) => `integration@${ready[project].username.split('@')[1]}`;

/** Runs orgwire in a project, and returns what it says. */
function run(project, ...words) {
  const ran = spawnSync(orgwire, words, { cwd: project, encoding: 'utf8' });
  assert.equal(ran.status, 0, `${words.join(' ')}\n${ran.stdout}\n${ran.stderr}`);
  return ran.stdout;
}

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const looking = await browser.newContext();
let seen = 0;
const checked = new Set();

/** A tab in which an administrator has logged in to the org of a project. */
async function open(project) {
  const org = ready[project];
  const tab = await (await browser.newContext()).newPage();
  tab.on('request', (asked) => assert.ok(asked.url().startsWith(org.instance_url), asked.url()));
  await tab.goto(`${org.instance_url}/login`);
  await tab.getByLabel('Username').fill(org.username);
  await tab.getByLabel('Password').fill(org.password);
  await tab.getByRole('button', { name: 'Log In' }).click();
  return tab;
}

/**
 * Takes a picture, and looks at the page with axe, at each kind of page once. The page's policy forbids scripts, so axe
 * looks at a copy.
 */
async function look(tab, name) {
  seen += 1;
  assert.match(await tab.locator('body').innerText(), /This is the local org, a simulation/);
  if (pictures) {
    const number = String(seen).padStart(2, '0');
    await tab.screenshot({ path: `${pictures}/guides-${number}-${name}.png`, fullPage: true });
  }
  if (checked.has(name)) return;
  checked.add(name);
  const copy = await looking.newPage();
  await copy.setContent(await tab.content());
  await copy.addScriptTag({ path: axe });
  const found = await copy.evaluate(() => globalThis.axe.run());
  assert.deepEqual(found.violations.map((one) => `${one.id}: ${one.nodes[0].html}`), [], name);
  await copy.close();
}

/** A page of Setup, by its name in the navigation. */
const setup = (tab, name) => tab.getByRole('navigation').getByRole('link', { name, exact: true }).click();
const press = (tab, name) => tab.getByRole('main').getByRole('link', { name, exact: true }).click();

/** Fills in what is text, chooses what is a list, ticks what is true. */
async function fill(tab, values) {
  for (const [label, value] of Object.entries(values)) {
    const input = tab.getByRole('main').getByLabel(label, { exact: true });
    if (typeof value === 'boolean') {
      await input.setChecked(value);
    } else if ((await input.evaluate((element) => element.tagName)) === 'SELECT') {
      await input.selectOption([value].flat().map((text) => ({ label: text })));
    } else {
      await input.fill(value);
    }
  }
}

/** Fills in the form of a page and saves it; it must not come back with a complaint. */
async function save(tab, name, values) {
  await look(tab, name);
  await fill(tab, values);
  await tab.getByRole('button', { name: 'Save' }).click();
  assert.equal(await tab.getByRole('alert').count(), 0, await tab.locator('main').innerText());
}

const detail = (tab, name) =>
  tab.getByRole('row').filter({ has: tab.getByRole('rowheader', { name, exact: true }) }).getByRole('cell').last().innerText();

/** What all guides begin with. */
async function newApp(tab, name, callback, scopes, more = {}) {
  await setup(tab, 'App Manager');
  await press(tab, 'New Connected App');
  await save(tab, 'new-connected-app', {
    'Connected App Name': name,
    'Contact Email': 'ops@example.com',
    'Enable OAuth Settings': true,
    'Callback URL': callback,
    'Selected OAuth Scopes': scopes,
    ...more,
  });
  assert.equal(await tab.locator('h1').innerText(), `App: ${name}`);
}

/** Manage Consumer Details. */
async function keyAndSecret(tab) {
  await fill(tab, { 'Your password, once more': ready[byHand].password });
  await tab.getByRole('button', { name: 'Manage Consumer Details' }).click();
  return [await detail(tab, 'Consumer Key'), await detail(tab, 'Consumer Secret')];
}

async function editPolicies(tab, values) {
  await press(tab, 'Manage');
  await look(tab, 'manage');
  await press(tab, 'Edit Policies');
  await save(tab, 'edit-policies', values);
}

async function axsy(tab) {
  const scopes = 'full refresh_token offline_access';
  await newApp(tab, 'AxsyApexAPI', 'https://placeholder.example', [FULL, REFRESH]);
  const [key, secret] = await keyAndSecret(tab);
  await setup(tab, 'Auth. Providers');
  await press(tab, 'New');
  await save(tab, 'new-provider', {
    'Provider Type': 'Salesforce',
    'Name': 'AxsyApexAPI',
    'URL Suffix': 'AxsyApexAPI',
    'Consumer Key': key,
    'Consumer Secret': secret,
    'Default Scopes': scopes,
  });
  const callback = await detail(tab, 'Callback URL');
  await look(tab, 'provider');
  await setup(tab, 'App Manager');
  await press(tab, 'AxsyApexAPI');
  await press(tab, 'Edit');
  await save(tab, 'edit-app', { 'Callback URL': callback });
  await setup(tab, 'Named Credentials');
  await press(tab, 'New Legacy');
  await save(tab, 'new-credential', {
    'Label': 'AxsyApexAPI',
    'Name': 'AxsyApexAPI',
    'URL': ready[byHand].instance_url,
    'Identity Type': 'Named Principal',
    'Authentication Protocol': 'OAuth 2.0',
    'Authentication Provider': 'AxsyApexAPI',
    'Scope': scopes,
    'Start Authentication Flow on Save': true,
    'Allow Merge Fields in HTTP Body': true,
  });
  await look(tab, 'consent');
  await tab.getByLabel('Log in as').selectOption(ready[byHand].username);
  await tab.getByLabel('Password').fill(ready[byHand].password);
  await tab.getByRole('button', { name: 'Allow' }).click();
  assert.equal(await detail(tab, 'Authentication Status'), `Authenticated as ${ready[byHand].username}`);
}

async function logik(tab) {
  await newApp(tab, 'Logik Admin API', 'https://login.salesforce.com/services/oauth2/success', [API], {
    'Enable Client Credentials Flow': true,
    'Issue JSON Web Token (JWT)-based access tokens for named users': true,
  });
  const [key, secret] = await keyAndSecret(tab);
  await editPolicies(tab, {
    'Run As': integration(byHand),
    'IP Relaxation': 'Relax IP restrictions',
    'JWT-Based Access Token Timeout': '10 minutes',
  });
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: key, client_secret: secret });
  const answer = await fetch(`${ready[byHand].instance_url}/services/oauth2/token`, { method: 'POST', body });
  const { access_token: token } = await answer.json();
  const [, claims] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  assert.equal(JSON.parse(claims).exp - JSON.parse(claims).iat, 600);
}

async function ampersand(tab) {
  await newApp(tab, 'Ampersand', 'https://ampersand.example/callback', [API, REFRESH]);
  await editPolicies(tab, {
    'IP Relaxation': 'Relax IP restrictions',
    'Refresh Token Policy': 'Refresh token is valid until revoked',
  });
  await setup(tab, 'Connected Apps OAuth Usage');
  await look(tab, 'usage');
  await press(tab, 'Manage App Policies Ampersand');
  await press(tab, 'Edit Policies');
  await save(tab, 'permitted-users', { 'Permitted Users': 'All users may self-authorize' });
}

async function cyclr(tab) {
  await newApp(tab, 'Cyclr', 'https://app-h.cyclr.com/connector/callback', [FULL, REFRESH]);
  await setup(tab, 'Session Settings');
  await save(tab, 'session-settings', {
    'Timeout Value': '24 hours',
    'Force logout on session timeout': false,
    'Lock sessions to the IP address from which they originated': false,
  });
}

async function agilepoint(tab) {
  await newApp(tab, 'AgilePoint NX', 'https://agilepoint.example/callback', [FULL, REFRESH]);
  await look(tab, 'app');
  const [key] = await keyAndSecret(tab);
  assert.match(key, /^3MVG9/);
}

/** A permission set as it was deployed: a guide leaves open which objects are in it. */
async function permissionSet(tab, address) {
  const name = address.replace('permission-set.', '');
  const other = await open(deployed);
  await setup(other, 'Permission Sets');
  const row = other.getByRole('row').filter({ has: other.getByRole('cell', { name, exact: true }) });
  await row.getByRole('link').click();
  await press(other, 'Edit');
  const values = { 'API Name': name };
  for (const label of ['Label', 'Description', 'Object Settings', 'System Permissions']) {
    values[label] = await other.getByLabel(label, { exact: true }).inputValue();
  }
  await other.context().close();
  await setup(tab, 'Permission Sets');
  await press(tab, 'New');
  await save(tab, 'new-permission-set', values);
  await setup(tab, 'Users');
  await press(tab, 'Ines Integration');
  await save(tab, 'user', { 'Permission Set Assignments': values.Label });
}

/** What an org holds of these components, without what is another in each org. */
function held(project, targets) {
  const chosen = targets.flatMap((address) => ['--target', address]);
  const text = run(project, 'import', 'org:local', '--api-version', '62.0', '--output', '-', ...chosen);
  return text
    .replaceAll(ready[project].instance_url, 'ORG')
    .replaceAll(ready[project].username.split('@')[1], 'DOMAIN')
    .replaceAll(/^consumer-key = .*$/gm, 'consumer-key');
}

const guides = {
  axsy: { follow: axsy },
  logik: { follow: logik, variables: (project) => [`run-as-user=${integration(project)}`] },
  ampersand: { follow: ampersand, variables: () => ['callback=https://ampersand.example/callback'] },
  cyclr: { follow: cyclr, asks: 'loosen-sessions=true' },
  agilepoint: { follow: agilepoint, variables: () => ['callback=https://agilepoint.example/callback'] },
};
const tab = await open(byHand);
for (const [name, { follow, variables = () => [], asks }] of Object.entries(guides)) {
  const manifest = `manifests/${name}.toml`;
  const knows = asks && readFileSync(`${byHand}/${manifest}`, 'utf8').includes(asks.split('=')[0]);
  const words = (project) =>
    [manifest, '--json', ...[...variables(project), ...(knows ? [asks] : [])].flatMap((one) => ['--var', one])];
  const { components } = JSON.parse(run(deployed, 'deploy', ...words(deployed))).passes[0];
  await follow(tab);
  for (const address of components.filter((one) => one.startsWith('permission-set.'))) {
    await permissionSet(tab, address);
  }
  assert.equal(held(byHand, components), held(deployed, components), name);
  const plan = JSON.parse(run(byHand, 'plan', ...words(byHand)));
  assert.deepEqual(plan.changes.filter((one) => one.action !== 'keep'), [], name);
  console.log(`ok: ${name}, followed by hand, gives what ${manifest} deploys`);
}
await browser.close();
