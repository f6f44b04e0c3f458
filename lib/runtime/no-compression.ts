/** Takes the place of what compresses records in programs that neither write nor read one. */
function none(): never {
  throw new Error('this program reads and writes no records');
}

export { none as crc32c, none as lz4Compress, none as lz4Decompress, none as snappyCompress, none as snappyDecompress };
