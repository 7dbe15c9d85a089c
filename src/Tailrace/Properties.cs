using System.Runtime.CompilerServices;

// Every P/Invoke here is blittable; this also keeps marshalling stubs out of the AOT image.
[assembly: DisableRuntimeMarshalling]

// Scratch memory on the stack is written before it is read; what has to be zero is cleared where it is taken.
[module: SkipLocalsInit]
