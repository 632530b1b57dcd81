/** Where the console is mounted, as the API wrote into `<base>`: "" or "/somewhere". */
export const basePath = new URL(document.baseURI).pathname.replace(/\/[^/]*$/, "");

/** The address of a path of the API. */
export const href = (path: string) => `${basePath}${path}`;
