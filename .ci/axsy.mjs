// node axsy.mjs READY DEPLOYED END [PICTURES]: see .ci/axsy. END is `authenticated` or the error that the way ends in.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const [ready, deployed] = process.argv.slice(2, 4).map((path) => JSON.parse(readFileSync(path, 'utf8')));
const [end, pictures] = process.argv.slice(4);
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const step = deployed.manual_steps.find((one) => one.component === 'named-credential.AxsyApexAPI');

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });

/** Follows the manual step, with or without scripts, and returns the text of where it ends. */
async function follow(javaScriptEnabled) {
  const context = await browser.newContext({ javaScriptEnabled });
  const tab = await context.newPage();
  tab.on('request', (asked) => assert.ok(asked.url().startsWith(ready.instance_url), asked.url()));
  let pages = 0;

  async function look(name) {
    pages += 1;
    const text = await tab.locator('body').innerText();
    assert.match(text, /This is the local org, a simulation/);
    if (pictures && javaScriptEnabled) {
      await tab.screenshot({ path: `${pictures}/axsy-${end}-${pages}-${name}.png`, fullPage: true });
    }
    return text;
  }

  async function accessible(name) {
    if (!javaScriptEnabled) return;
    // The page's policy forbids scripts; what is looked at is a copy without it.
    const copy = await browser.newPage();
    await copy.setContent(await tab.content());
    await copy.addScriptTag({ path: axe });
    const found = await copy.evaluate(() => globalThis.axe.run());
    assert.deepEqual(found.violations.map((one) => `${one.id}: ${one.nodes[0].html}`), [], name);
    await copy.close();
  }

  async function logIn() {
    await tab.getByLabel('Password').fill(ready.password);
  }

  await tab.goto(step.url);
  await look('login');
  await accessible('login');
  await tab.getByLabel('Username').fill(ready.username);
  await logIn();
  await tab.getByRole('button', { name: 'Log In' }).click();
  await look('edit');
  await accessible('edit');
  await tab.getByLabel('Start Authentication Flow on Save').check();
  await tab.getByRole('button', { name: 'Save' }).click();
  if (end === 'authenticated') {
    assert.match(await look('consent'), /AxsyApexAPI asks to use the local org in your name/);
    await accessible('consent');
    await tab.getByLabel('Log in as').selectOption(ready.username);
    await logIn();
    await tab.getByRole('button', { name: 'Allow' }).click();
  }
  const text = await look('end');
  await accessible('end');
  const told = { text, heading: await tab.locator('h1').innerText() };
  await context.close();
  return told;
}

for (const scripts of [true, false]) {
  const { text, heading } = await follow(scripts);
  if (end === 'authenticated') {
    assert.equal(heading, 'Named Credential: AxsyApexAPI');
    assert.ok(text.includes(`Authenticated as ${ready.username}`), text);
  } else {
    assert.equal(heading, 'OAuth Error');
    assert.ok(text.includes(`error=${end}`), text);
  }
  console.log(`ok: the manual step ends in ${end}, ${scripts ? 'with' : 'without'} scripts`);
}
await browser.close();
