using System.Runtime.CompilerServices;

// Every P/Invoke here is blittable; this also keeps marshalling stubs out of the AOT image.
[assembly: DisableRuntimeMarshalling]
