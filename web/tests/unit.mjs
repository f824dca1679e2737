// Runs the unit tests and ends with the line that our test runner counts: `N passed, N failed`.
import { startVitest } from 'vitest/node';

const vitest = await startVitest('test', [], { watch: false, reporters: ['default'] });
const modules = vitest.state.getTestModules();
let passed = 0;
let failed = 0;
for (const module of modules) {
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') passed += 1;
    else failed += 1; // skipped and pending ones too: a test that does not run proves nothing
  }
  failed += module.errors().length;
}
failed += vitest.state.getUnhandledErrors().length;
await vitest.close();
if (passed === 0) failed += 1;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
