/** This machine's, as images name it (OCI image specification, "Image Index Property Descriptions"). */
export const ownArchitecture: string = process.arch === 'x64' ? 'amd64' : process.arch;
