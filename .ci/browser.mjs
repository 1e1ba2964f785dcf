// node browser.mjs PAGES PICTURES [--update]: see .ci/browser.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import pixelmatch from 'pixelmatch';
import { chromium } from 'playwright-core';
import { PNG } from 'pngjs';

const [pages, pictures, mode] = process.argv.slice(2);
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const wide = { width: 1100, height: 760 };
const narrow = { width: 390, height: 760 };
/** Of all pixels: letters are drawn a little differently by every version. */
const tolerance = 0.02;

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const problems = [];

async function open(page, options = {}) {
  const context = await browser.newContext({ viewport: wide, ...options });
  const tab = await context.newPage();
  tab.on('pageerror', (error) => problems.push(`${page}: ${error.message}`));
  tab.on('console', (said) => said.type() === 'error' && problems.push(`${page}: ${said.text()}`));
  tab.on('request', (asked) => {
    if (!asked.url().startsWith('file:')) problems.push(`${page} asks for ${asked.url()}`);
  });
  await tab.goto(`file://${pages}/${page}.html`);
  return tab;
}

async function check(what, work) {
  try {
    await work();
    console.log(`ok: ${what}`);
  } catch (error) {
    problems.push(`${what}: ${error.message}`);
  }
}

for (const page of ['diff', 'plan']) {
  await check(`${page} can be read without scripts`, async () => {
    const tab = await open(page, { javaScriptEnabled: false });
    assert.equal(await tab.locator('.filter').isVisible(), false);
    for (const name of ['connected-app', 'auth-provider', 'named-credential']) {
      assert.equal(await tab.locator('article h3', { hasText: `${name}.AxsyApexAPI` }).isVisible(), true);
      assert.equal(await tab.locator('svg .box', { hasText: name }).isVisible(), true);
    }
    if (page === 'diff') {
      await tab.locator('summary').first().click();
      assert.equal(await tab.locator('pre').first().isVisible(), true);
    }
    await tab.context().close();
  });

  await check(`${page} can be used by keyboard`, async () => {
    const tab = await open(page);
    const reached = [];
    for (let press = 0; press < 60; press += 1) {
      await tab.keyboard.press('Tab');
      const focus = await tab.evaluate(() => {
        const one = document.activeElement;
        return one.matches('.box') ? one.getAttribute('href') : one.matches('body') ? 'end' : '';
      });
      if (focus === 'end') break;
      if (focus) reached.push(focus);
    }
    assert.deepEqual(reached, ['#component-1', '#component-2', '#component-3']);
    await tab.locator('.box').first().focus();
    await tab.keyboard.press('Enter');
    assert.match(tab.url(), /#component-1$/);
    assert.equal(await tab.evaluate(() => document.activeElement.id), 'component-1');
    await tab.context().close();
  });

  await check(`${page} can be filtered`, async () => {
    const tab = await open(page);
    await tab.getByLabel('Filter').fill('named-credential oauth');
    const shown = await tab.locator('article:visible h3 code').allTextContents();
    if (page === 'plan') assert.deepEqual(shown, ['named-credential.AxsyApexAPI']);
    await tab.getByLabel('Filter').fill('nothing has this');
    assert.equal(await tab.locator('article:visible').count(), 0);
    assert.equal(await tab.locator('#found').textContent(), '0 of 3');
    await tab.locator('.box').first().click();
    assert.equal(await tab.locator('article:visible').count(), 3);
    await tab.context().close();
  });

  for (const colorScheme of ['light', 'dark']) {
    await check(`${page} has no barrier that axe knows, ${colorScheme}`, async () => {
      const tab = await open(page, { colorScheme, bypassCSP: true });
      for (const one of await tab.locator('summary').all()) await one.click();
      await tab.addScriptTag({ path: axe });
      const { violations } = await tab.evaluate(() => globalThis.axe.run());
      assert.deepEqual(violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`), []);
      await tab.context().close();
    });
    for (const [size, viewport] of Object.entries({ wide, narrow })) {
      await check(`${page} looks as it did, ${size} and ${colorScheme}`, async () => {
        const tab = await open(page, { colorScheme, viewport, deviceScaleFactor: 0.75 });
        const across = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.equal(across, 0, 'the page is wider than the screen');
        await compare(`${page}-${size}-${colorScheme}`, await tab.screenshot());
        await tab.context().close();
      });
    }
  }
}

async function compare(name, taken) {
  const path = `${pictures}/${name}.png`;
  if (mode === '--update') {
    mkdirSync(pictures, { recursive: true });
    writeFileSync(path, taken);
    assert.ok(taken.length < 60_000, `${name} has ${taken.length} bytes`);
    return;
  }
  assert.ok(existsSync(path), `${path} is missing: run .ci/browser --update`);
  const [before, after] = [PNG.sync.read(readFileSync(path)), PNG.sync.read(taken)];
  assert.deepEqual([after.width, after.height], [before.width, before.height]);
  const different = pixelmatch(before.data, after.data, null, before.width, before.height, { threshold: 0.2 });
  const share = different / (before.width * before.height);
  if (share > tolerance) writeFileSync(`/tmp/orgwire-${name}.png`, taken);
  assert.ok(share <= tolerance, `${(100 * share).toFixed(1)} % differ; see /tmp/orgwire-${name}.png`);
}

await browser.close();
for (const problem of problems) console.error(`not ok: ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
