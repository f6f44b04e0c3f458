import { compactEveryBatches, DELTA_COMPACT_FILES } from '../../../lib/flow/compaction/inline';

describe('batches between two compactions', () => {
  test('13 of 4 files: the first whole number that makes 50 of them', () => {
    expect(compactEveryBatches(4)).toBe(13);
    expect(12 * 4).toBeLessThan(DELTA_COMPACT_FILES);
    expect(13 * 4).toBeGreaterThanOrEqual(DELTA_COMPACT_FILES);
  });

  test('a batch that writes 50 files or more is compacted at once', () => {
    expect(compactEveryBatches(50)).toBe(1);
    expect(compactEveryBatches(51)).toBe(1);
  });

  test('a batch that writes less than a file waits for 50 of them', () => {
    expect(compactEveryBatches(0.5)).toBe(100);
  });
});
