/** The images that charts run when the user names none: stock ones, pinned in one data file. */
import { images } from './images.json';

/** Names in `images.json`. */
export type StockImage = keyof typeof images;

/** The pinned reference of a stock image. */
export function stockImage(name: StockImage): string {
  return images[name];
}
