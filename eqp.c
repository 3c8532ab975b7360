#include "sqlite3.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int row(void*u,int n,char**v,char**c){for(int i=0;i<n;i++)printf("%s|",v[i]?v[i]:"");puts("");return 0;}
int main(int a,char**v){sqlite3*d;sqlite3_open(v[1],&d);char*e=0;static char b[1<<22];
 for(int i=2;i<a;i++){FILE*f=fopen(v[i],"r");int n=fread(b,1,sizeof b-1,f);b[n]=0;fclose(f);if(sqlite3_exec(d,b,row,0,&e)){printf("%s: %s\n",v[i],e);}}
 return 0;}
