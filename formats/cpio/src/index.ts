export { cpioFileBytesMax, writeCpio } from './write.ts';
